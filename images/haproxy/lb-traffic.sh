# shellcheck shell=sh
# Which servers get the requests.

switch() (
  to='' from='' over=0
  while [ $# -gt 1 ]; do
    case $1 in
      --to) to=$(echo "$2" | tr , ' ') ;;
      --from) from=$(echo "$2" | tr , ' ') ;;
      --over) over=$2 ;;
      *) usage "switch: unknown option '$1'" ;;
    esac
    shift 2
  done
  if [ $# != 0 ] || [ -z "$to" ]; then usage 'switch takes --to SERVER[,SERVER] [--from SERVER[,SERVER]] [--over SECONDS]'; fi
  service=$(service_of "$to")
  require_started "$to"
  if [ -n "$from" ] && [ "$over" -gt 0 ]; then shift_slowly "$over" "$from" "$to"; fi
  { weights 100 "$to"; states ready "$to"; } | order
  [ "$(waiting_of "$to")" != "$(lines "$to")" ] || fail "none of $(commas "$to") is healthy; $(commas "${from:-nothing}") keeps its traffic"
  [ -z "$from" ] || states drain "$from" | order
  if flagged "$service/always" "$service/never"; then
    lock
    flag_off "$service/always" "$service/never"
  fi
)

# shift_slowly SECONDS FROM TO: from a hundredth of the requests to as many as the old servers get, a step a second.
shift_slowly() (
  { weights 100 "$2"; weights 1 "$3"; states ready "$3"; } | order
  step=0
  while [ "$step" -lt "$1" ]; do
    sleep 1
    step=$((step + 1))
    weights $((1 + 99 * step / $1)) "$3" | order
  done
)

# Both releases get requests by weight; the header `x-canary` and the cookie `canary` choose. The slots' names end with
# a for blue and b for green, and that is what the fragments compare the flags with.
canary() (
  [ $# -ge 3 ] || usage 'canary takes SERVICE blue|green SERVER=WEIGHT...'
  service=$1
  case $2 in
    blue) fresh=a old=b ;;
    green) fresh=b old=a ;;
    *) usage "canary: the new release is blue or green, not '$2'" ;;
  esac
  shift 2
  servers=$(servers_of "$@")
  require_started "$servers"
  {
    for use; do weights "${use#*=}" "${use%%=*}"; done
    states ready "$servers"
  } | order
  lock
  flag_on "$service/always" "$fresh" "$service/never" "$old"
)

# Repairs the state that a deploy leaves if it dies between `switch` and `config --no-reload`: back to the file.
restore() (
  service=${1-}
  service_name "$service"
  lock
  unpatch
  settle "$service"
  # `SERVER ADDRESS:PORT WEIGHT`, and `-` as the address of a free slot.
  file=$(awk -v service="$service" '$1 == "server" && $2 != "acme" {
    weight = 100
    for (i = 4; i < NF; i++) if ($i == "weight") weight = $(i + 1)
    print service "/" $2, (/ disabled/ ? "-" : $3), weight
  }' "$FRAGMENTS/$service.cfg")
  taken=$(printf '%s\n' "$file" | awk '$2 != "-" {print $1}')
  free=$(printf '%s\n' "$file" | awk '$2 == "-" {print $1}')
  uses=$(printf '%s\n' "$file" | awk '$2 != "-" {print $1 "=" $2}')
  # A server that is where the file says keeps its address; it is started again only where its slot was disabled or
  # reused.
  present=" $(words "$(server_states "$service" | assigned "$uses")")"
  set --
  for use in $uses; do
    case $present in *" ${use%%=*} "*) ;; *) set -- "$@" "$use" ;; esac
  done
  if [ $# -gt 0 ]; then
    end=$(($(now) + 60000))
    assign "$end" "$@"
    # Some healthy servers are enough: the others get traffic once their checks pass. A host that is down delays nothing.
    while [ "$(waiting_of "$taken")" = "$(lines "$taken")" ]; do
      [ "$(now)" -lt "$end" ] || not_healthy "$taken" "$@"
      sleep 0.05
    done
  fi
  if [ -n "$taken" ]; then
    {
      printf '%s\n' "$file" | awk '$2 != "-" {print "set server " $1 " weight " $3}'
      states ready "$taken"
    } | order
  fi
  [ -z "$free" ] || park "$free"
  case $(head -n 1 "$FRAGMENTS/$service.cfg") in
    *'"canary":{'*) ;;
    *) flag_off "$service/always" "$service/never" ;;
  esac
  [ $# = 0 ] || await_others "$taken"
)

# await_others SERVERS: waits up to five seconds longer than for the first one.
await_others() (
  end=$(($(now) + 5000))
  while
    waiting=$(waiting_of "$1") || exit 1
    [ -n "$waiting" ]
  do
    if [ "$(now)" -ge "$end" ]; then
      echo "lb: warning: $(commas "$waiting") not healthy yet; traffic follows once the check passes" >&2
      exit 0
    fi
    sleep 0.05
  done
)

# Waits for the connections of these servers, and for workers from before a reload, which do not know which servers
# drain. These workers end within `hard-stop-after`, so waiting longer for them than for a request pays off.
drain() (
  [ $# -ge 2 ] || usage 'drain takes SECONDS SERVER...'
  start=$(now)
  end=$((start + $1 * 1000)) end_of_workers=$((start + ($1 > 70 ? $1 : 70) * 1000))
  shift
  while
    open=$(ask "$ADMIN" 'show stat -1 4 -1' | connections "$*") || exit 1
    old=$(ask "$MASTER" 'show proc' | old_workers) || exit 1
    [ "$open $old" != '0 0' ]
  do
    time=$(now)
    if [ "$time" -ge "$end" ] && { [ "$old" = 0 ] || [ "$time" -ge "$end_of_workers" ]; }; then
      [ "$open" = 0 ] || echo "lb: warning: $open connections still open on $*: they close when its container stops" >&2
      [ "$old" = 0 ] || echo "lb: warning: $old workers from before the last reload still serve" >&2
      break
    fi
    sleep 0.05
  done
  park "$*"
)
