# From what `loadgen capacity --summary-json` writes to a page of HTML, offline and without scripts. (--report of
# loadgen draws more, but is written where the search runs: in a task that is gone when it is done.)
def ms: (. * 100 | round / 100 | tostring) + " ms";
def rate: if . == null then "none" else (. * 10 | round / 10 | tostring) + "/s" end;
def row($tag): "<tr>" + (map("<\($tag)>\(tostring | @html)</\($tag)>") | join("")) + "</tr>";

"<!doctype html>", "<html lang=\"en\">", "<meta charset=\"utf-8\">", "<title>Capacity</title>",
"<style>body { font: 16px sans-serif; max-width: 70em; margin: 2em auto } table { border-collapse: collapse }
td, th { border-bottom: 1px solid #ccc; padding: 0.3em 0.8em; text-align: left } .no { background: #fdd }</style>",
"<h1>\(.run.target? // "Capacity" | tostring | @html)</h1>",
"<p>\(.started_at | tostring | @html), \(.duration_s // 0 | round) s</p>",
"<p><strong>\(.rate | rate)</strong>"
  + (if .interval then ", with \(.confidence * 100) % between \(.interval[0] | rate) and \(.interval[1] | rate)" else "" end) + "</p>",
"<p>\(.conclusion | @html) \(.limit // "" | @html)</p>",
"<p>Objectives: \(.objectives | join("; ") | @html)</p>",
"<table>", (["phase", "rate", "borne", "requests", "failed", "p50", "p95", "p99", "why not"] | row("th")),
(.probes[]
  | ([.phase, (.rate | rate), (if .passed then "yes" else "no" end), .requests, .failed,
      (.latency_ms.p50 | ms), (.latency_ms.p95 | ms), (.latency_ms.p99 | ms), .reason] | row("td"))
  | if contains("<td>no</td>") then sub("<tr>"; "<tr class=\"no\">") else . end),
"</table>", "</html>"
