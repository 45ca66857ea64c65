# Who gets the requests.

switch() {
  to='' from='' over=0
  while [ $# -gt 1 ]; do
    case $1 in
      --to) to=$(echo "$2" | tr , ' ') ;;
      --from) from=$(echo "$2" | tr , ' ') ;;
      --over) over=$2 ;;
      *) usage "switch: what is '$1'?" ;;
    esac
    shift 2
  done
  [ $# = 0 ] && [ -n "$to" ] || usage 'switch takes --to SERVER[,SERVER] [--from SERVER[,SERVER]] [--over SECONDS]'
  service=$(service_of "$to")
  require_started $to
  if [ -n "$from" ] && [ "$over" -gt 0 ]; then shift_slowly; fi
  weigh 100 $to
  each ready $to
  [ "$(down $to)" != "$(printf '%s\n' $to)" ] || fail "none of $(echo $to | tr ' ' ,) is healthy, so $(echo ${from:-nothing} | tr ' ' ,) is not taken out"
  [ -z "$from" ] || each drain $from
  flag_off "$service/always" "$service/never"
}

# From a hundredth of the requests to as many as the old servers get, a step a second.
shift_slowly() {
  weigh 100 $from
  weigh 1 $to
  each ready $to
  step=0
  while [ "$step" -lt "$over" ]; do
    sleep 1
    step=$((step + 1))
    weigh $((1 + 99 * step / over)) $to
  done
}

# weigh WEIGHT SERVER...
weigh() {
  weight=$1
  shift
  for server; do
    set -- "$@" "set server $server weight $weight"
    shift
  done
  order "$@"
}

# canary SERVICE HALF SERVER=WEIGHT...: both releases get requests by weight; `x-canary` and the cookie `canary` choose.
canary() {
  [ $# -ge 3 ] || usage 'canary takes SERVICE a|b SERVER=WEIGHT...'
  service=$1 half=$2
  shift 2
  case $half in a) other=b ;; b) other=a ;; *) usage "canary: the half is a or b, not '$half'" ;; esac
  servers=''
  for use; do
    servers="$servers ${use%%=*}"
    set -- "$@" "set server ${use%%=*} weight ${use#*=}"
    shift
  done
  require_started $servers
  order "$@"
  each ready $servers
  flag_on "$service/always" "$half" "$service/never" "$other"
}

# What a deploy left that died between a switch and its `config --no-reload`: back to what the file says.
restore() {
  service=${1-}
  service_name "$service"
  alone
  unpatch
  settle
  lines=$(awk -v b="$service" '$1 == "server" && $2 != "acme" {weight = 100; for (i = 4; i < NF; i++) if ($i == "weight") weight = $(i + 1); print b "/" $2, (/ disabled/ ? "-" : $3), weight}' "$fragments/$service.cfg")
  ready='' free='' missing=''
  while read -r server target weight; do
    if [ "$target" = - ]; then free="$free $server"; continue; fi
    ready="$ready $server"
    # With the address that it has; it is started again only where the slot was taken out or given to somebody else.
    states "$service" | awk -v s="$server" -v t="$target" '$1 == s && $6 == 0 && ($4 ":" $5 == t || $3 ":" $5 == t) {same = 1} END {exit !same}' || missing="$missing $server=$target"
  done <<EOF
$lines
EOF
  if [ -n "$missing" ]; then
    end=$(($(now) + 60000))
    begin $missing
    # Some are enough to go back to: the others come in by their checks, and a host that is gone holds up nobody.
    while [ "$(down $ready)" = "$(printf '%s\n' $ready)" ]; do
      if [ "$(now)" -ge "$end" ]; then not_healthy $ready; fi
      sleep 0.05
    done
  fi
  if [ -n "$ready" ]; then
    weights=$(printf '%s\n' "$lines" | awk '$2 != "-" {print "set server " $1 " weight " $3}')
    IFS='
'
    order $weights
    unset IFS
    each ready $ready
  fi
  [ -z "$free" ] || park $free
  case $(head -n 1 "$fragments/$service.cfg") in
    *'"canary":{'*) ;;
    *) flag_off "$service/always" "$service/never" ;;
  esac
  [ -z "$missing" ] || await_others
}

# All of them a little longer than the first.
await_others() {
  end=$(($(now) + 5000))
  while waiting=$(down $ready) && [ -n "$waiting" ]; do
    if [ "$(now)" -ge "$end" ]; then
      echo "lb: warning: $(echo $waiting | tr ' ' ,) not healthy yet: traffic comes when they are" >&2
      return
    fi
    sleep 0.05
  done
}

# Waits for the requests of these servers, and for workers from before a reload: those do not know who drains. They end
# within `hard-stop-after`, so that it pays to wait for them longer than for a request.
idle() {
  [ $# -ge 2 ] || usage 'idle takes SECONDS SERVER...'
  begin=$(now) end=$(($(now) + $1 * 1000)) longest=$1
  [ "$longest" -gt 70 ] || longest=70
  shift
  service=$(service_of "$1")
  while open=$(connections "$@") old=$(old_workers) && [ "$open $old" != '0 0' ]; do
    if [ "$(now)" -ge "$end" ] && { [ "$old" = 0 ] || [ "$(now)" -ge $((begin + longest * 1000)) ]; }; then
      [ "$open" = 0 ] || echo "lb: warning: $open connections still open on $*: they are cut when their container stops" >&2
      [ "$old" = 0 ] || echo "lb: warning: $old workers from before the last reload still serve: going on" >&2
      break
    fi
    sleep 0.05
  done
  park "$@"
}

connections() { stats "$service" | awk -F '\t' -v all=" $* " 'index(all, " " $1 " ") {sum += $6} END {print sum + 0}'; }
