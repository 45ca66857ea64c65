# shellcheck shell=sh
# Single servers: their checks and their addresses. A USE is SERVER=ADDRESS:PORT, and a server's name is
# SERVICE/SLOT; all servers of one command belong to one service.

service_of() { echo "${1%%/*}"; }

# Does Docker's DNS resolve the servers of this service?
by_name() { grep -q ' resolvers docker ' "$FRAGMENTS/$1.cfg" 2>/dev/null; }

# In a pipe or a substitution only.
lines() { for word in $1; do echo "$word"; done; }
commas() { separator='' && for word in $1; do printf '%s' "$separator$word" && separator=,; done; }
servers_of() { for use; do printf '%s ' "${use%%=*}"; done; }
# target_of SERVER USE...: its address and port.
target_of() {
  wanted=$1
  shift
  for use; do [ "${use%%=*}" != "$wanted" ] || echo "${use#*=}"; done
}

# unchecked SERVICE: the servers for which the file has no check, in one line. HAProxy refuses to change their health.
unchecked() (
  all=$(awk -v service="$1" '$1 == "server" && !/ check( |$)/ {print service "/" $2}' "$FRAGMENTS/$1.cfg" 2>/dev/null) || true
  words "$all"
)

# waiting_of SERVERS: those of one service whose last check did not pass, whatever traffic they get; in a substitution
# only.
waiting_of() {
  answer=$(ask "$ADMIN" "show servers state ${1%%/*}") || exit 1
  unhealthy "$1" <<END
$answer
END
}

# require_started SERVERS: HAProxy counts a server that leaves maintenance as healthy until its first check, so a server
# gets traffic only if it was started since HAProxy itself started.
require_started() (
  missing=$(server_states "$(service_of "$1")" | disabled "$1")
  [ -z "$missing" ] || fail "not started since HAProxy started: $(commas "$missing"); no traffic moved"
)

show() (
  server_checks "${1-}" | awk -F '\t' '{printf "%-10s %-8s %-22s %s %s  %s  connections=%s\n", $1, $7, $5, $2, $3, $4, $6}'
  sed -n 's|/maintenance on$||p' "$FLAGS" | awk -v only="${1-}" 'only == "" || $1 == only {printf "%-10s in maintenance: every request gets its page (lb maintenance off %s)\n", $1, $1}'
)

# park SERVERS: disabled, and still resolvable. HAProxy drops the address of a server whose name no longer resolves, and
# then refuses a new one for up to a second, until the resolver has found it: our own host name always resolves.
park() {
  {
    states maint "$1"
    if by_name "$(service_of "$1")"; then names "$(hostname)" "$1"; fi
  } | order
}

disable() {
  [ $# -gt 0 ] || usage 'disable takes SERVER...'
  park "$*"
}

# All at once, so that the wait is that of the slowest. While a server is disabled, HAProxy's clock for its checks ticks
# every `inter`, and the first check comes at the next tick: a start that begins before the containers do does not wait
# for it.
start() (
  [ $# -ge 2 ] || usage 'start takes SECONDS SERVER=ADDRESS:PORT...'
  end=$(($(now) + $1 * 1000))
  shift
  service=$(service_of "$1")
  if [ -e "$PENDING" ]; then (lock; settle "$service"); fi
  assign "$end" "$@"
  await_healthy "$end" "$@"
)

# assign END USE...: gives the servers their addresses and starts their checks, without traffic.
assign() (
  end=$1
  shift
  service=$(service_of "$1")
  servers=$(servers_of "$@")
  resolved=$(resolve "$end" "$@")
  named=no
  ! by_name "$service" || named=yes
  {
    states maint "$servers"
    # By its name, a container is found again after a restart that gives it another address.
    [ "$named" = no ] || for use; do
      target=${use#*=}
      names "${target%:*}" "${use%%=*}"
    done
  } | order
  if [ "$named" = yes ]; then
    # A slot without an address (see park) takes one from the resolver only, and after that from here.
    while server_states "$service" | awk -v wanted=" $servers " 'index(wanted, " " $1 " ") && $3 == "-" {none = 1} END {exit !none}'; do
      [ "$(now)" -lt "$end" ] || not_healthy "$servers" "$@"
      sleep 0.05
    done
  fi
  free=" $(unchecked "$service")"
  # Health down first: the slot remembers the check of its last release, and only one of this release makes it healthy.
  printf '%s\n' "$resolved" | while read -r server address port; do
    echo "set server $server addr $address port $port"
    echo "set server $server weight 100"
    echo "set server $server state drain"
    case $free in *" $server "*) ;; *) echo "set server $server health down" ;; esac
  done | order
  forget_counts "$service" "$servers"
)

# addresses NAME: those of IPv6 only where there are no others, as HAProxy's resolver has it.
addresses() { getent ahostsv4 "$1" || getent ahostsv6 "$1"; }

# resolve END USE...: prints `SERVER ADDRESS PORT`, one per line. Waits for containers that have no address yet.
resolve() (
  end=$1
  shift
  for use; do
    target=${use#*=}
    address=${target%:*}
    # Literal addresses need no getent, which would take a while for a hundred of them.
    case $address in
      *:*) ;;
      *[!0-9.]*)
        until address=$(addresses "${target%:*}" | awk 'NR == 1 {print $1}') && [ -n "$address" ]; do
          [ "$(now)" -lt "$end" ] || fail "${use%%=*}: no address is known for ${target%:*}" \
            'fix: check that it runs and is on a network of the balancer'
          sleep 0.2
        done ;;
    esac
    echo "${use%%=*} $address ${target##*:}"
  done
)

# await_healthy END USE...: polls ten times a second. To leave the CPU to the services that are starting, it checks the
# time and the names at every fifth poll only.
await_healthy() (
  end=$1
  shift
  service=$(service_of "$1")
  servers=$(servers_of "$@")
  resolvable=$(now) turn=0 named=no
  ! by_name "$service" || named=yes
  while
    waiting=$(waiting_of "$servers") || exit 1
    [ -n "$waiting" ]
  do
    turn=$((turn + 1))
    if [ $((turn % 5)) = 0 ]; then
      time=$(now)
      [ "$time" -lt "$end" ] || not_healthy "$waiting" "$@"
      lost=$(server_states "$service" | disabled "$waiting")
      [ -z "$lost" ] || fail "$(commas "$lost") was disabled while it was starting"
      if [ "$named" = yes ]; then
        ended=$(unresolvable "$waiting" "$@")
        if [ -z "$ended" ]; then
          resolvable=$time
        # A container that restarts in a loop has no address most of the time.
        elif [ "$time" -gt $((resolvable + 2000)) ]; then
          give_up "$@"
          fail "$ended"
        fi
        [ $((turn % 25)) != 0 ] || next_addresses "$waiting" "$@"
      fi
    fi
    sleep 0.1
  done
)

# next_addresses SERVERS USE...: gives those whose name has several addresses the next one. An engine that was killed can
# still have the address of an earlier container of that name, and Docker's DNS then answers with both.
next_addresses() (
  waiting=$1
  shift
  server_states "$(service_of "$1")" | while read -r server _ current _; do
    case " $(words "$waiting")" in *" $server "*) ;; *) continue ;; esac
    target=$(target_of "$server" "$@")
    next=$(addresses "${target%:*}" | awk '{print $1}' | sort -u | next_of "$current")
    [ "$next" = "$current" ] || echo "set server $server addr $next port ${target##*:}"
  done | order
)

# unresolvable SERVERS USE...: the first server whose container has ended and so has no address.
unresolvable() (
  waiting=$1
  shift
  for server in $waiting; do
    name=$(target_of "$server" "$@")
    name=${name%:*}
    addresses "$name" >/dev/null || { echo "$server: $name has ended: it has no address any more"; exit 0; }
  done
)

# give_up USE...: disables them again, unless another lb has started the slot since: a deployer that is killed leaves
# its lb running, which must not take the slot from the next deploy.
give_up() (
  ours=$(server_states "$(service_of "$1")" | assigned "$*")
  [ -z "$ours" ] || states maint "$ours" | order
)

# request SERVICE: what its health check sends, with its escapes; nothing where a connection is enough. Fragments of early
# versions have only the path.
request() (
  asked=$(sed -n 's/^#? //p' "$FRAGMENTS/$1.cfg" | head -n 1)
  path=$(sed -n 's/^ *option httpchk GET \([^ ]*\).*/\1/p' "$FRAGMENTS/$1.cfg" | head -n 1)
  if [ -n "$asked" ]; then
    printf '%s' "$asked"
  elif [ -n "$path" ]; then
    printf '%s' "GET $path HTTP/1.0\\r\\n\\r\\n"
  fi
)

# not_healthy SERVERS USE...: gives up, and prints the result of their checks and the answer to their request.
not_healthy() (
  failed=$1
  shift
  service=$(service_of "$1")
  all=$(server_checks "$service")
  request=$(request "$service")
  give_up "$@"
  probes=0
  for server in $failed; do
    target=$(target_of "$server" "$@")
    result=$(printf '%s\n' "$all" | awk -F '\t' -v server="$server" '$1 == server {print $2 " " $3 ", " $4}')
    echo "lb: $server ($target) did not become healthy: $result" >&2
    # A few examples are enough.
    probes=$((probes + 1))
    if [ -z "$target" ] || [ -z "$request" ] || [ "$probes" -gt 3 ]; then continue; fi
    case $target in
      *:*:*) where="[${target%:*}]:${target##*:}" ;;
      *) where=$target ;;
    esac
    body=$(printf '%b' "$request" | socat -t 2 -T 2 - "TCP:$where,connect-timeout=2" 2>&1 | tr -d '\r' | head -c 1000 || true)
    asked=$(printf '%b' "$request" | tr -d '\r' | awk 'NR == 1 {print $1 " " $2} /^Host: / && $2 != "localhost" {print "(" $0 ")"}' | tr '\n' ' ')
    echo "lb: ${asked}answers: $(printf '%s' "$body" | sed -n -e '1p' -e '/^$/,$p' | tr '\n' ' ')" >&2
  done
  exit 1
)
