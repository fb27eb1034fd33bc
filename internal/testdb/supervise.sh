# Keeps one throwaway server for the process that holds the other end of standard input,
# and removes every trace of it when that process is gone.
#
#   arguments: the installer, the server, and folders in which to make the server's own
#   output:    that folder's path, then nothing; it is closed when the server has ended
#
# The engine's script comes before this one and defines stop (a signal), setup and serve.

# Ctrl-C and hang-ups concern the tests. A lost reader (PIPE) shows as the end of input.
trap '' HUP INT TERM PIPE

installer=$1
server=$2
shift 2

folder=
for base; do
	folder=$(mktemp -d "$base/quiesce-testdb-XXXXXX" 2>/dev/null) && break
done
[ -n "$folder" ] || exit 1
cd "$folder" || exit 1
export HOME="$folder" TMPDIR="$folder"
echo "$folder"

# Descriptor 3 is a copy of standard output that only the server keeps.
pid=
if setup >log 2>&1 </dev/null; then
	(trap - HUP INT TERM PIPE && serve) 3>&1 >>log 2>&1 </dev/null &
	pid=$!
fi
exec >/dev/null 2>&1

while read -r _; do :; done

# The signal is sent again and again: one that comes before the server has set up its
# handlers is lost.
tries=0
while [ -n "$pid" ] && [ "$tries" -lt 50 ] && kill -s "$stop" "$pid"; do
	tries=$((tries + 1))
	sleep 0.1 || sleep 1
done
[ "$tries" -lt 50 ] || kill -s KILL "$pid"
wait
cd /
# A process of a server that had to be killed may still have been writing.
rm -rf "$folder" || { sleep 1 && rm -rf "$folder"; }
