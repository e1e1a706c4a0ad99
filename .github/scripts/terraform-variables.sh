# Terraform's variables from GitHub's: TERRAFORM_VARIABLES (a variable of the repository) and
# TERRAFORM_SECRET_VARIABLES (a secret) are JSON objects of values by name, such as {"zone_name": "example.com"}.
# To be sourced.
# shellcheck shell=bash

# export_terraform_variables: exports each as TF_VAR_<name>; of two with the same name the secret one wins.
export_terraform_variables() {
    local source text name value
    for source in TERRAFORM_VARIABLES TERRAFORM_SECRET_VARIABLES; do
        text=${!source:-}
        [[ -n $text ]] || continue
        jq -e 'type == "object" and all(keys[]; test("^[a-z][a-z0-9_]*$"))' <<<"$text" >/dev/null 2>&1 ||
            fail "$source is no JSON object of Terraform variables by name. Write it like {\"zone_name\": \"example.com\"}."
        while IFS= read -r -d '' name && IFS= read -r -d '' value; do
            export "TF_VAR_$name=$value"
        done < <(jq -j 'to_entries[] | .key, "\u0000", (.value | if type == "string" then . else tojson end), "\u0000"' <<<"$text")
    done
}

# hidden_values: prints what no log, comment or summary may show, as a JSON array: every value within the secret.
hidden_values() {
    jq -c '[.. | strings, numbers | tostring | select(length > 3)] | unique | sort_by(-length)' \
        <<<"${TERRAFORM_SECRET_VARIABLES:-null}"
}

# mask_hidden_values: has GitHub hide them in logs, in case that something else prints them.
mask_hidden_values() {
    [[ -n ${GITHUB_ACTIONS:-} ]] || return 0
    hidden_values | jq -r '.[] | select(contains("\n") | not) | "::add-mask::\(.)"'
}
