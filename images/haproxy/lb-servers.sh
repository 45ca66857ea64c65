# Servers one by one: what HAProxy knows of them, and how one is given an address.

# A server's name is SERVICE/SLOT. All servers of one command belong to one service.
service_of() { echo "${1%%/*}"; }

# Are the servers of this service found by Docker's DNS?
by_name() { grep -q ' resolvers docker ' "$fragments/$1.cfg" 2>/dev/null; }

# states SERVICE: `server operational address fqdn port maintenance`, a line each; the last is 1 for a server out of use.
states() { ask "$admin" "show servers state $1" | awk '$4 != "" && $1 ~ /^[0-9]+$/ {print $2 "/" $4, $6, $5, $18, $19, $7 % 2}'; }

# look_at SERVER...: those whose last check did not pass, in $waiting. 2 is running, 1 warming up (slowstart), whatever the
# traffic they get. Without another process but socat: it is done again and again, while services start.
look_at() {
  hear "$admin" "show servers state ${1%%/*}"
  up=' ' waiting=''
  while read -r _ backend _ name _ state _; do
    case $state in [123]) up="$up$backend/$name " ;; esac
  done <<EOF
$answer
EOF
  for server; do
    case $up in *" $server "*) ;; *) waiting="$waiting$server
" ;; esac
  done
  waiting=${waiting%?}
}
down() {
  look_at "$@"
  [ -z "$waiting" ] || printf '%s\n' "$waiting"
}

out_of_use() { states "$(service_of "$1")" | awk -v wanted=" $* " 'index(wanted, " " $1 " ") && $6 == 1 {printf " %s", $1}'; }

# require_started SERVER...: HAProxy takes a server that leaves maintenance for healthy until its first check. One that was
# started is not there any more when HAProxy itself was started again since.
require_started() {
  missing=$(out_of_use "$@")
  [ -z "$missing" ] || fail "$(echo $missing | tr ' ' ,) was not started, or not since the balancer was: nothing is switched"
}

# stats [SERVICE]: `server check-status code last-answer address connections state`, tab-separated, a line each server.
stats() {
  ask "$admin" "show stat -1 4 -1" | awk -F, -v only="${1-}" '
    /^# / {sub(/^# /, ""); for (i = 1; i <= NF; i++) col[$i] = i; next}
    NF > 9 && (only == "" || $1 == only) {
      used = $col["used_conn_cur"]; if ($col["scur"] > used) used = $col["scur"]
      last = $col["last_chk"]; if (last == "" ) last = "-"
      check = $col["check_status"]; if (check == "") check = "-"
      code = $col["check_code"]; if (code == "") code = "-"
      address = $col["addr"]; if (address == "") address = "-"
      print $1 "/" $2 "\t" check "\t" code "\t" last "\t" address "\t" used "\t" $col["status"]
    }'
}
stat_of() { stats "$(service_of "$1")" | awk -F '\t' -v s="$1" '$1 == s'; }
field() { printf '%s\n' "$1" | cut -f "$2"; }

show() {
  stats "${1-}" | awk -F '\t' '{printf "%-10s %-8s %-22s %s %s  %s  connections=%s\n", $1, $7, $5, $2, $3, $4, $6}'
  sed -n 's|/maintenance on$||p' "$flags" | awk -v only="${1-}" 'only == "" || $1 == only {printf "%-10s in maintenance: every request gets its page (lb maintenance off %s)\n", $1, $1}'
}

# each STATE SERVER...
each() {
  state=$1
  shift
  for server; do
    set -- "$@" "set server $server state $state"
    shift
  done
  order "$@"
}

# park SERVER...: out of use. HAProxy takes the address away from a server whose name is gone, and then refuses a new
# one for up to a second, until the resolver has found one: our own name is always there.
park() {
  each maint "$@"
  by_name "$(service_of "$1")" || return 0
  for server; do
    set -- "$@" "set server $server fqdn $(hostname)"
    shift
  done
  order "$@"
}

off() {
  [ $# -gt 0 ] || usage 'off takes SERVER...'
  park "$@"
}

# start SECONDS SERVER=ADDRESS:PORT...: all side by side, so that the wait is that of the slowest. While a server is out of
# use, HAProxy's clock for its checks ticks every `inter`, and the first check comes at the next tick: who begins before the
# containers start does not wait for it.
start() {
  [ $# -ge 2 ] || usage 'start takes SECONDS SERVER=ADDRESS:PORT...'
  end=$(($(now) + $1 * 1000))
  shift
  begin "$@"
  await_up
}

# begin SERVER=ADDRESS:PORT...: their addresses, and their checks.
begin() {
  name_servers "$@"
  if [ -e "$pending" ]; then alone; settle; fi
  addresses "$@"
  # Health down first: the slot remembers its last life, and only a check of this one makes it up.
  for use; do
    server=${use%%=*} target=${use#*=}
    set -- "$@" "set server $server addr $(found "${target%:*}") port ${target##*:}" "set server $server weight 100" "set server $server state drain" "set server $server health down"
    shift
  done
  order "$@"
  forget_counts $servers
}

name_servers() {
  servers=''
  for use; do servers="$servers ${use%%=*}"; done
  service=$(service_of "$1")
}

# The addresses of all targets, in $known as `name address` lines. With Docker's DNS the slots get the names, too, so that
# a container is found again after a restart with another address.
addresses() {
  known=''
  for use; do
    target=${use#*=}
    # An address is its own: with a hundred hosts, getent would take its time.
    case ${target%:*} in *[!0-9.]*) ;; *) known="$known${target%:*} ${target%:*}
"; continue ;; esac
    until address=$(getent ahostsv4 "${target%:*}" | awk 'NR == 1 {print $1}') && [ -n "$address" ]; do
      [ "$(now)" -lt "$end" ] || fail "${use%%=*}: no address is known for ${target%:*}: is it running, and on this network?"
      sleep 0.2
    done
    known="$known${target%:*} $address
"
  done
  uses=$*
  each maint $servers
  by_name "$service" || return 0
  for use; do
    target=${use#*=}
    set -- "$@" "set server ${use%%=*} fqdn ${target%:*}"
    shift
  done
  order "$@"
  # A slot that lost its address (park says why) takes one from the resolver only, and then from here.
  until ! states "$service" | awk -v wanted=" $servers " 'index(wanted, " " $1 " ") && $3 == "-" {none = 1} END {exit !none}'; do
    [ "$(now)" -lt "$end" ] || not_healthy $servers
    sleep 0.05
  done
}

found() { printf '%s' "$known" | awk -v name="$1" '$1 == name {print $2; exit}'; }
target_of() { for use in ${uses-}; do if [ "${use%%=*}" = "$1" ]; then echo "${use#*=}"; fi; done; }

# give_up SERVER...: out again, but not where somebody else has started the slot since: a deployer that is killed leaves its
# lb behind, and that one must not take the slot from the next deploy.
give_up() {
  for server; do
    shift
    states "$service" | awk -v s="$server" -v t="$(target_of "$server")" '$1 == s && ($4 ":" $5 == t || $3 ":" $5 == t) {mine = 1} END {exit !mine}' || continue
    set -- "$@" "$server"
  done
  [ $# = 0 ] || each maint "$@"
}

# A look takes the processor from what is starting: ten a second, and the time and the names at every fifth.
await_up() {
  seen=$(now) turn=0 named=no
  ! by_name "$service" || named=yes
  while look_at $servers && [ -n "$waiting" ]; do
    turn=$((turn + 1))
    if [ $((turn % 5)) = 0 ]; then
      time=$(now)
      if [ "$time" -ge "$end" ]; then not_healthy $waiting; fi
      gone=$(out_of_use $waiting)
      [ -z "$gone" ] || fail "$(echo $gone | tr ' ' ,) was taken out of use meanwhile"
      if [ "$named" = yes ]; then require_names $waiting; fi
    fi
    sleep 0.1
  done
}

# require_names SERVER...: a container that ended has no address any more; one that ends again and again has none most of
# the time.
require_names() {
  gone=''
  for server; do
    name=$(target_of "$server") name=${name%:*}
    getent ahostsv4 "$name" >/dev/null || gone="$server: $name has ended: it has no address any more"
  done
  if [ -z "$gone" ]; then seen=$time
  elif [ "$time" -gt $((seen + 2000)) ]; then
    give_up $servers
    fail "$gone"
  fi
}

# not_healthy SERVER...: what their checks said, and what the health path answers.
not_healthy() {
  lines=$(for server; do stat_of "$server"; done)
  path=$(sed -n 's/^ *option httpchk GET \([^ ]*\).*/\1/p' "$fragments/$service.cfg" | head -n 1)
  give_up $servers
  for server; do
    target=$(target_of "$server")
    line=$(printf '%s\n' "$lines" | awk -F '\t' -v s="$server" '$1 == s')
    echo "lb: $server ($target) did not become healthy: $(field "$line" 2) $(field "$line" 3), $(field "$line" 4)" >&2
    # Of many, a few tell enough.
    probed=$((${probed-0} + 1))
    [ "$probed" -le 3 ] || continue
    body=$(printf 'GET %s HTTP/1.0\r\n\r\n' "${path:-/}" | socat -t 2 -T 2 - "TCP:$target,connect-timeout=2" 2>&1 | tr -d '\r' | head -c 1000 || true)
    echo "lb: GET ${path:-/} answers: $(printf '%s' "$body" | sed -n -e '1p' -e '/^$/,$p' | tr '\n' ' ')" >&2
  done
  exit 1
}
