# What of Terraform's own words may be shown: instance keys and messages can hold addresses of networks and people.

# hide($hidden): without the values of $hidden, and without whatever looks like an IP network or an e-mail address.
def hide($hidden):
  reduce $hidden[] as $value (.; split($value) | join("(hidden)"))
  | gsub("[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+"; "(hidden)")
  | gsub("\\b[0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,2})?\\b"; "(hidden)");

# code: as code within a table of Markdown, whatever it holds.
def code: gsub("[`\r\n]"; " ") | gsub("\\|"; "\\|") | "`\(.)`";
