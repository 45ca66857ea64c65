# shellcheck shell=sh
# Parsers of HAProxy's answers: each reads one on standard input and prints lines. They run in a pipe, so their
# variables are their own, and need no HAProxy: `sh lb-filters.sh servers <ANSWER`. test/unit/images/haproxy feeds them
# recorded answers.

# Lists are one argument, split at blanks; awk wants one space between and around the words.
words() { for word in $1; do printf '%s ' "$word"; done; }

# servers: `show servers state` to `SERVER STATE ADDRESS NAME PORT MAINTENANCE`. STATE is srv_op_state: 0 stopped, 1
# starting (slowstart), 2 running, 3 stopping. ADDRESS and NAME are `-` where there is none. MAINTENANCE is 1 for a
# disabled server.
servers() {
  awk '
    /^# / {for (i = 2; i <= NF; i++) col[$i] = i - 1; next}
    ("srv_port" in col) && NF >= col["srv_port"] {
      print $col["be_name"] "/" $col["srv_name"], $col["srv_op_state"], $col["srv_addr"], $col["srv_fqdn"], $col["srv_port"], $col["srv_admin_state"] % 2
    }'
}

# unhealthy SERVERS: `show servers state` to those of SERVERS whose last check did not pass, one per line. lb start polls
# with it while services start, so it forks no process.
unhealthy() {
  up=' '
  while read -r _ backend _ server _ state _; do
    case $state in [123]) up="$up$backend/$server " ;; esac
  done
  for server in $1; do
    case $up in *" $server "*) ;; *) echo "$server" ;; esac
  done
}

# disabled SERVERS: the output of `servers` to those of SERVERS that are disabled, one per line.
disabled() {
  awk -v wanted=" $(words "$1")" 'index(wanted, " " $1 " ") && $6 == 1 {print $1}'
}

# next_of ADDRESS: addresses, one per line, to the one behind ADDRESS, or the first; ADDRESS again if there is no other.
next_of() {
  awk -v current="$1" '{all[NR] = $1} $1 == current {at = NR} END {print NR == 0 ? current : all[at % NR + 1]}'
}

# assigned USES: the output of `servers` to those in use at the address or name of their USE, SERVER=ADDRESS:PORT.
assigned() {
  awk -v uses=" $(words "$1")" '$6 == 0 && (index(uses, " " $1 "=" $4 ":" $5 " ") || index(uses, " " $1 "=" $3 ":" $5 " ")) {print $1}'
}

# Columns by name. A quoted field (last_chk is the status line of an application) can hold commas, which would shift
# them.
# shellcheck disable=SC2016 # The dollars are awk's.
STAT='
  function unquoted(line,  text, field) {
    while (match(line, /"([^"]|"")*"/)) {
      field = substr(line, RSTART + 1, RLENGTH - 2)
      gsub(/,/, ";", field)
      gsub(/""/, "\"", field)
      text = text substr(line, 1, RSTART - 1) field
      line = substr(line, RSTART + RLENGTH)
    }
    return text line
  }
  /^# pxname,/ {sub(/^# /, ""); for (i = 1; i <= NF; i++) col[$i] = i; next}
  /"/ {$0 = unquoted($0)}
  function or_dash(text) {return text == "" ? "-" : text}
  function used() {return $col["used_conn_cur"] > $col["scur"] ? $col["used_conn_cur"] + 0 : $col["scur"] + 0}
'

# checks [SERVICE]: `show stat` to `SERVER CHECK CODE LAST ADDRESS CONNECTIONS STATUS`, tab-separated.
checks() {
  awk -F , -v only="${1-}" "$STAT"'
    NF > 9 && (only == "" || $1 == only) {
      # The sign of a check that is running: the result is that of the one before, whose code is gone.
      if (sub(/^\* /, "", $col["check_status"])) $col["check_code"] = ""
      print $1 "/" $2 "\t" or_dash($col["check_status"]) "\t" or_dash($col["check_code"]) "\t" or_dash($col["last_chk"]) "\t" or_dash($col["addr"]) "\t" used() "\t" $col["status"]
    }'
}

# connections SERVERS: `show stat` to the total number of their connections.
connections() {
  awk -F , -v all=" $(words "$1")" "$STAT"'
    NF > 9 && index(all, " " $1 "/" $2 " ") {sum += used()}
    END {print sum + 0}'
}

# tallies SERVICE: `show table SERVICE` and `show stat` to `SERVER REQUESTS ERRORS FAILED RETRIES ANSWERS MILLISECONDS`,
# all of them since the worker started.
tallies() {
  awk -F , -v service="$1" "$STAT"'
    / key=/ {
      split("", value)
      count = split($0, words, " ")
      for (i = 1; i <= count; i++) {split(words[i], pair, "="); value[pair[1]] = pair[2]}
      milliseconds[value["key"]] = value["gpc0"]
      answers[value["key"]] = value["gpc1"]
      next
    }
    NF > 9 && $1 == service {
      print $1 "/" $2, $col["stot"] + 0, $col["hrsp_5xx"] + 0, $col["econ"] + $col["eresp"], $col["wretr"] + $col["wredis"], answers[$2] + 0, milliseconds[$2] + 0
    }'
}

# since_start: tallies, and lines of SERVICE.counts that begin with `+`, to their sum. More to subtract than was counted
# means that HAProxy has restarted on its own: the sum is then what it has counted since.
since_start() {
  awk '
    $1 == "+" {for (i = 3; i <= 8; i++) add[$2, i - 1] = $i; next}
    {
      line = $1
      restarted = ($2 + add[$1, 2] < 0)
      for (i = 2; i <= 7; i++) line = line " " (restarted ? $i : $i + add[$1, i])
      print line
    }'
}

# old_workers: `show proc` of the master to the number of workers from before the last reload.
old_workers() {
  awk '/^# old workers/ {old = 1; next} /^#/ {old = 0} old && NF {count++} END {print count + 0}'
}

case ${0##*/} in lb-filters.sh) "$@" ;; esac
