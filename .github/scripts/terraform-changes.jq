# From `terraform show -json PLAN` to what the plan changes, in a form that is the same for the same changes: what stays
# as it is, and when and by whom it was planned, is left out.
#
#   {"resources": [{address, action, attributes, forced_by, values}], "outputs": {...}}

def action:
  if . == ["create"] then "create"
  elif . == ["update"] then "update"
  elif . == ["delete"] then "destroy"
  elif . == ["read"] then "read"
  elif . == ["forget"] then "forget"
  elif contains(["create", "delete"]) then "replace"
  elif contains(["create", "forget"]) then "replace"
  else "none" end;

# The attributes that differ, each with what it was and will be.
def difference:
  (.before // {}) as $before | (.after // {}) as $after | (.after_unknown // {}) as $unknown
  | ([$before, $after, $unknown] | map(keys) | add | unique) as $names
  | reduce $names[] as $name ({};
      if $before[$name] == $after[$name] and (($unknown[$name] // false) | [.. | booleans] | any | not) then .
      else .[$name] = {before: $before[$name], after: $after[$name], unknown: ($unknown[$name] // false)} end);

{
  resources: [
    .resource_changes[]?
    | (.change.actions | action) as $action
    | select($action != "none" or .previous_address != null or .change.importing != null)
    | {
        address: (.address + (if .deposed then " (deposed \(.deposed))" else "" end)),
        action: (if $action == "none" then (if .change.importing then "import" else "move" end) else $action end),
        previous_address,
        importing: .change.importing,
        id: (if .change.before then (.change.before.arn? // .change.before.id? // null) else null end),
        forced_by: [.change.replace_paths[]? | map(tostring) | join(".")],
        values: (if $action == "destroy" or $action == "forget" then {} else (.change | difference) end)
      }
    | .attributes = (.values | keys)
  ] | sort_by(.address),
  outputs: ((.output_changes // {}) | with_entries(select(.value.actions != ["no-op"]) | .value |= {actions, before, after, after_unknown}))
}
