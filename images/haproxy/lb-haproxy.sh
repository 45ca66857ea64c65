# shellcheck shell=sh
# The two sockets of HAProxy.

# ask SOCKET COMMAND: prints the answer; in a pipe or a substitution only. Retries for five seconds: HAProxy may be
# starting.
ask() {
  tries=0
  until answer=$(
    socat -t 10 - "UNIX-CONNECT:$1" 2>/dev/null <<END
$2
END
  ); do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "HAProxy does not answer on $1" 'fix: check that it runs: docker logs'
    sleep 0.05
  done
  printf '%s\n' "$answer"
}

# order: sends the commands on standard input, one per line; in a pipe only. HAProxy reads at most 16 KB at once, so
# 60 commands per round trip.
order() {
  text='' count=0
  while read -r command; do
    text="$text$command;" count=$((count + 1))
    [ "$count" = 60 ] || continue
    send "$text"
    text='' count=0
  done
  [ -z "$text" ] || send "$text"
}
send() {
  errors=$(ask "$ADMIN" "$1" | refusals)
  [ -z "$errors" ] || fail "HAProxy refused: $errors"
}

# refusals: socat succeeds even if HAProxy refuses. A command that succeeds prints nothing, or a line that says what
# changed.
refusals() {
  while read -r line; do
    case $line in '' | *' changed '* | 'no need to change'* | 'nothing changed'*) ;; *) printf '%s\n' "$line" ;; esac
  done
}

# Commands for `order`: states ready|drain|maint SERVERS, weights WEIGHT SERVERS, names NAME SERVERS.
states() { for server in $2; do echo "set server $server state $1"; done; }
weights() { for server in $2; do echo "set server $server weight $1"; done; }
names() { for server in $2; do echo "set server $server fqdn $1"; done; }

server_states() { ask "$ADMIN" "show servers state $1" | servers; }
server_checks() { ask "$ADMIN" 'show stat -1 4 -1' | checks "$@"; }
