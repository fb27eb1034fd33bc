# MariaDB: sourced into supervise.sh.

# The server is one process and its files are thrown away, so there is nothing to save.
stop=KILL

# Newer versions know the flush method only as a deprecated name, hence loose.
settings="--no-defaults --innodb-buffer-pool-size=32M --innodb-log-file-size=16M
	--loose-innodb-flush-method=nosync --innodb-use-native-aio=0 --skip-name-resolve"

# $settings is a list, and so is $flags, which a test may add; so they are not quoted.
# shellcheck disable=SC2086
setup() {
	"$installer" $settings --basedir="${installer%/*/*}" --datadir="$folder/data" \
		--auth-root-authentication-method=normal --skip-test-db
}

# shellcheck disable=SC2086
serve() {
	exec "$server" $settings --basedir="${installer%/*/*}" --datadir="$folder/data" --tmpdir="$folder" \
		--socket="$folder/socket" --pid-file="$folder/pid" \
		--skip-networking \
		--max-connections=200 \
		--character-set-server=utf8mb4 \
		--innodb-flush-log-at-trx-commit=0 \
		$flags
}
