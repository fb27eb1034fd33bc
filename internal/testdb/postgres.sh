# PostgreSQL: sourced into supervise.sh.

# SIGQUIT is the immediate shutdown: no checkpoint, and it waits for no client.
stop=QUIT

setup() {
	"$installer" --pgdata="$folder/data" --username=postgres --auth=trust \
		--encoding=UTF8 --locale=C --no-sync
}

# $flags is a list that a test may add, so it is not quoted.
#
# What is lost in a crash is not missed, so nothing is synced. Shared memory is kept in
# files below the folder, where it goes with the folder.
# shellcheck disable=SC2086
serve() {
	exec "$server" -D "$folder/data" \
		-c listen_addresses= \
		-c port=5432 \
		-c unix_socket_directories="$folder" \
		-c unix_socket_permissions=0700 \
		-c max_connections=200 \
		-c max_prepared_transactions=10 \
		-c shared_buffers=32MB \
		-c dynamic_shared_memory_type=mmap \
		-c fsync=off \
		-c synchronous_commit=off \
		-c full_page_writes=off \
		-c autovacuum=off \
		-c timezone=UTC \
		-c log_timezone=UTC \
		$flags
}
