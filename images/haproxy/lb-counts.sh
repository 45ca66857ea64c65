# What HAProxy counted of each server since `lb start` gave its slot to it. HAProxy counts on from one release to the next
# in the same slot, and begins again at each reload, so a file holds what to add: SERVICE.counts.

counts() {
  service_name "${1-}"
  added "$1" | awk '{printf "%s requests=%d errors=%d failed=%d retries=%d answers=%d milliseconds=%d\n", $1, $2, $3, $4, $5, $6, $7}'
}

# raw SERVICE: `server requests errors failed retries answers milliseconds`.
raw() {
  {
    ask "$admin" "show table $1"
    ask "$admin" "show stat -1 4 -1"
  } | awk -F, -v service="$1" '
    / key=/ {
      split($0, words, " "); key = ""
      for (i in words) { split(words[i], pair, "="); if (pair[1] == "key") key = pair[2]; value[pair[1]] = pair[2] }
      milliseconds[key] = value["gpc0"]; answers[key] = value["gpc1"]; next
    }
    /^# pxname/ {sub(/^# /, ""); for (i = 1; i <= NF; i++) col[$i] = i; next}
    NF > 9 && $1 == service {
      print $1 "/" $2, $col["stot"] + 0, $col["hrsp_5xx"] + 0, $col["econ"] + $col["eresp"], $col["wretr"] + $col["wredis"], answers[$2] + 0, milliseconds[$2] + 0
    }'
}

# added SERVICE: the same, with what is in the file. After a restart that nobody told us of it may be too much to take away.
added() {
  { sed 's/^/+ /' "$fragments/$1.counts" 2>/dev/null || true; raw "$1"; } | awk '
    $1 == "+" {for (i = 3; i <= 8; i++) add[$2, i - 1] = $i; next}
    {
      line = $1
      begun = ($2 + add[$1, 2] < 0)
      for (i = 2; i <= 7; i++) line = line " " (begun ? $i : $i + add[$1, i])
      print line
    }'
}

# Before a reload: the next worker begins at zero.
keep_counts() {
  for known in $(services); do
    added "$known" >"$fragments/$known.counts.new"
    mv "$fragments/$known.counts.new" "$fragments/$known.counts"
  done
}

# forget_counts SERVER...: another release begins in these slots.
forget_counts() {
  file=$fragments/$service.counts
  {
    awk -v gone=" $* " '!index(gone, " " $1 " ")' "$file" 2>/dev/null || true
    raw "$service" | awk -v these=" $* " 'index(these, " " $1 " ") {print $1, -$2, -$3, -$4, -$5, -$6, -$7}'
  } >"$file.new"
  mv "$file.new" "$file"
}
