# shellcheck shell=sh
# What HAProxy has counted of each server since `lb start` gave its slot to it. HAProxy's own counters go on from one
# release to the next in the same slot, and restart at each reload, so a file holds what to add: SERVICE.counts.

counts() {
  service_name "${1-}"
  total "$1" | awk '{printf "%s requests=%d errors=%d failed=%d retries=%d answers=%d milliseconds=%d\n", $1, $2, $3, $4, $5, $6, $7}'
}

# raw SERVICE: what this worker has counted.
raw() { ask "$ADMIN" "show table $1;show stat -1 4 -1" | tallies "$1"; }

# total SERVICE: the same, with what is in the file.
total() {
  { sed 's/^/+ /' "$FRAGMENTS/$1.counts" 2>/dev/null || true; raw "$1"; } | since_start
}

# Before a reload: the next worker starts at zero.
keep_counts() (
  for known in $(services); do
    total "$known" >"$FRAGMENTS/$known.counts.new"
    mv "$FRAGMENTS/$known.counts.new" "$FRAGMENTS/$known.counts"
  done
)

# forget_counts SERVICE SERVERS: for slots in which another release starts.
forget_counts() (
  file=$FRAGMENTS/$1.counts
  {
    awk -v these=" $(words "$2")" '!index(these, " " $1 " ")' "$file" 2>/dev/null || true
    raw "$1" | awk -v these=" $(words "$2")" 'index(these, " " $1 " ") {print $1, -$2, -$3, -$4, -$5, -$6, -$7}'
  } >"$file.new"
  mv "$file.new" "$file"
)
