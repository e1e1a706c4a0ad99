# What the roots allow, beside terraform/policies and AWS's limits. To be sourced by terraform/rehearse.
# shellcheck shell=bash disable=SC2154 # set by who sources this

# rendered ROOT: who may do what: every policy, boundary and attachment in a root's state. Ids that are new with each
# apply have one name here, and lists are sorted.
rendered() {
    tf "$1" show -json | jq -S '
        def steady:
            if type == "string" then
                gsub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"; "UUID")
                | gsub("(?<kind>\\b[a-z]+)-[0-9a-f]{17}\\b"; "\(.kind)-ID")
                | gsub("/[0-9a-f]{16}\\b"; "/ID")
            elif type == "array" then map(steady) | if all(type == "string") then sort else . end
            elif type == "object" then map_values(steady)
            else . end;
        def document: try (fromjson | select(type == "object" and has("Statement"))) catch empty;
        def resources: .resources[]?, (.child_modules[]? | resources);
        [
            .values.root_module // {} | resources | select(.mode == "managed")
            | {
                key: .address,
                value: (
                    [.values | to_entries[] | select(.value | type == "string") | {key, value: (.value | document)}]
                    + [.values | to_entries[] | select(.value != null and .value != "" and .value != [])
                       | select(.key | IN("permissions_boundary", "policy_arn", "managed_policy_arns"))]
                    | from_entries
                )
            }
            | select(.value != {})
        ] | from_entries | steady'
}

compare_policies() {
    local root=$1 expected=$checkout/terraform/policies/$1.json
    rendered "dev/$root" >"$work/policies.json" || return 1
    if [[ ! -f $expected ]]; then
        expected=$work/none.json
        echo '{}' >"$expected"
    fi
    if ! diff -u --label "terraform/policies/$root.json" --label "as rendered" "$expected" "$work/policies.json"; then
        echo "If this is meant to be allowed: terraform/rehearse --accept-policies, and commit terraform/policies."
        return 1
    fi
}

accept_policies() {
    local root=$1 expected=$checkout/terraform/policies/$1.json
    rendered "dev/$root" >"$work/policies.json" || return 1
    mkdir -p "$checkout/terraform/policies"
    if [[ $(<"$work/policies.json") == '{}' ]]; then
        rm -f "$expected"
    else
        cp "$work/policies.json" "$expected"
    fi
}

# nothing_whole FILE...: no rendered policy allows a whole service, or all of them, on everything. In a key's policy, * is
# that key.
nothing_whole() {
    jq -r '
        to_entries[] | select(.key | contains("aws_kms_key.") | not) | .key as $who
        | .value | .. | objects | select(.Effect? == "Allow")
        | select([.Resource] | flatten | index("*")) | .Sid as $sid
        | [.Action] | flatten[] | select(endswith("*") and (test(":(Describe|Get|List)[A-Za-z]*\\*$") | not))
        | "\($who), \($sid // "a statement"): \(.) on everything"' "$@" >"$work/whole"
    [[ ! -s $work/whole ]] || {
        cat "$work/whole"
        return 1
    }
}

# within_limits ENVIRONMENT: what AWS refuses for its length, which is known beforehand: IAM counts a policy without its
# white space.
within_limits() {
    jq -rs '
        def size: fromjson | tojson | length;
        def over($limit; $what): select(.size > $limit) | "\(.name): \(.size) characters, of \($limit) for \($what)";
        [.[].resources[] | select(.mode == "managed") | .type as $type | {$type, own: .instances[].attributes}] as $all
        | def each(types): $all[] | select(.type | IN(types)) | .own;
        (each("aws_iam_policy") | {name, size: (.policy | size)} | over(6144; "a managed policy")),
        (each("aws_iam_role") | {name, size: (.assume_role_policy | size)} | over(2048; "who may assume a role")),
        ([each("aws_iam_role_policy") | {name: .role, size: (.policy | size)}] | group_by(.name)[]
            | {name: .[0].name, size: (map(.size) | add)} | over(10240; "all inline policies of a role")),
        ([each("aws_iam_role_policy_attachment").role] | group_by(.)[] | select(length > 10)
            | "\(.[0]): \(length) managed policies, of 10 for a role"),
        (each("aws_s3_bucket_policy") | {name: .bucket, size: (.policy | size)} | over(20480; "a bucket")),
        (each("aws_vpc_endpoint") | select(.policy // "" != "") | {name: .service_name, size: (.policy | size)}
            | over(20480; "an endpoint")),
        (each("aws_lb", "aws_lb_target_group") | {name, size: (.name | length)} | over(32; "its name")),
        (each("aws_iam_role") | {name, size: (.name | length)} | over(64; "its name")),
        (each("aws_s3_bucket") | {name: .bucket, size: (.bucket | length)} | over(63; "its name"))
        ' "$states/marketboro-$1"-*/*/*.tfstate >"$work/over"
    [[ ! -s $work/over ]] || {
        cat "$work/over"
        return 1
    }
}
