# Certificates: files of mode 0600 with the chain and the key, chosen by the name that the client asks for.

certificate() {
  name=${1-}
  service_name "$name"
  [ -z "$own" ] || fail 'a HAProxy of your own keeps its own certificates'
  alone
  umask 077
  file=$certificates/$name.pem
  grep -v '^ *$' >"$file.new" || true
  if cmp -s "$file.new" "$file" && [ ! -e "$pending" ]; then rm "$file.new"; return; fi
  if ! errors=$(printf 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nfrontend f\n bind :8443 ssl crt %s\n' "$file.new" | haproxy -c -f /dev/stdin 2>&1); then
    rm "$file.new"
    printf '%s\n' "$errors" | grep -o "unable to .*\|.*private key.*\|.*No Private.*\|'crt'.*" | sed "s|$file.new|$name|g" | head -n 3 >&2
    fail "the certificate $name is not usable, and the old one stays: it is PEM, the certificate first, then its chain, and the key"
  fi
  # Known to the workers: it changes under them. The first one of all needs its port opened.
  if ask "$admin" 'show ssl cert' | grep -qxF "$file"; then
    answer=$(ask "$admin" "set ssl cert $file <<
$(cat "$file.new")

")
    case $answer in *created*) ;; *) rm "$file.new"; fail "HAProxy refused the certificate: $answer" ;; esac
    answer=$(ask "$admin" "commit ssl cert $file")
    case $answer in *Success*) ;; *) rm "$file.new"; fail "HAProxy refused the certificate: $answer" ;; esac
    mv "$file.new" "$file"
  else
    mv "$file.new" "$file"
    : >"$pending"
    settle
  fi
}

# A line each: its name, until when it is valid, and whose it is.
list_certificates() {
  for file in "$certificates"/*.pem; do
    [ -e "$file" ] || continue
    ask "$admin" "show ssl cert $file" | awk -F ': ' -v name="$(basename "$file" .pem)" '
      $1 == "Subject" {subject = $2} $1 == "notAfter" {until = $2} $1 == "Subject Alternative Name" {names = $2}
      END {print name "\tuntil " until "\t" subject "\t" names}'
  done
}
