// healthcheck URL: exits with 0 if URL answers with a success, with 1 and a line on stderr otherwise. The collector's
// image has no shell to ask with.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

// Less than the health check in compose.yaml allows.
const timeout = 4 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: healthcheck URL")
		os.Exit(2)
	}
	client := http.Client{Timeout: timeout, Transport: &http.Transport{}}
	answer, err := client.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if answer.StatusCode != http.StatusOK {
		fmt.Fprintln(os.Stderr, answer.Status)
		os.Exit(1)
	}
}
