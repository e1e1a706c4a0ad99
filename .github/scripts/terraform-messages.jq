# From the lines that `terraform plan|apply|validate -json` writes, one JSON each, to lines for a log. Values of
# attributes are in none.
include "terraform-text";

(fromjson? // {type: "text", "@message": .})
| if .type == "diagnostic" then
    .diagnostic
    | "\(.severity | if . == "error" then "Error" else "Warning" end): \(.summary)"
      + (if .address then " (\(.address))" else "" end)
      + (if .range then ", \(.range.filename):\(.range.start.line)" else "" end)
      + (if (.detail // "") != "" then "\n" + (.detail | split("\n") | map("    " + .) | join("\n")) else "" end)
  elif .type | IN("apply_start", "apply_complete", "apply_errored", "planned_change", "change_summary", "resource_drift", "text") then
    ."@message" // empty
  else empty end
| hide($hidden)
