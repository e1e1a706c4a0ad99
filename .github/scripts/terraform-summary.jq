# From what terraform-changes.jq makes to Markdown for people. Values are left out: a pull request is read by more
# people than may know them.
include "terraform-text";

def verb: {create: "create", update: "change", replace: "**replace**", destroy: "**destroy**", read: "read", forget: "forget", import: "import", move: "move"}[.];
def detail:
  if .action == "update" or .action == "replace" then
    (.attributes | map(code) | if length > 12 then .[:12] + ["and \(length - 12) more"] else . end | join(", "))
    + (if .forced_by != [] then "; forced by " + (.forced_by | map(code) | join(", ")) else "" end)
  elif .action == "move" then "from " + (.previous_address | hide($hidden) | code)
  else "" end;
def count($action): map(select(.action == $action)) | length;

[.resources[] | select(.action != "read")] as $resources
| ($resources | {create: count("create"), change: count("update"), replace: count("replace"), destroy: count("destroy")}) as $counts
| "### \($root | code): "
  + (if $resources == [] and .outputs == {} then "no change"
     elif $resources == [] then "outputs alone"
     else "\($counts.create) to create, \($counts.change) to change, \($counts.replace) to replace, \($counts.destroy) to destroy" end),
(if $resources != [] then
  "", "| | resource | attributes |", "|---|---|---|",
  ($resources[:200][] | "| \(.action | verb) | \(.address | hide($hidden) | code) | \(detail) |"),
  (if ($resources | length) > 200 then "", "and \(($resources | length) - 200) more resources" else empty end)
 else empty end),
(if .outputs != {} then "", "Outputs that change: " + (.outputs | keys | map(code) | join(", ")) else empty end),
""
