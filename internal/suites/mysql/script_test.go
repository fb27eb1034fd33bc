package mysql

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mysqlText is a text that a .test file sends to the server.
type mysqlText struct {
	source string // file:line
	sql    string
}

// mysqlScript reads a file in the language of mysqltest, the test runner of MySQL
// and MariaDB, as far as is needed to find the texts that it sends: commands are
// told from texts, blocks of control flow are read once, and texts that are put together from
// the runner's variables are left out.
type mysqlScript struct {
	root      string // the suite's folder, where sourced files are
	delimiter string
	texts     []mysqlText
	depth     int // of sourced files
}

// maxSourced bounds files that source files.
const maxSourced = 4

// mysqlTexts returns the texts of a file.
func mysqlTexts(root, path string) ([]mysqlText, error) {
	s := mysqlScript{root: root, delimiter: ";"}
	err := s.file(path)
	return s.texts, err
}

func (s *mysqlScript) file(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(s.root, path)
	if err != nil {
		return err
	}
	rest, line := string(content), 1
	for rest != "" {
		text, length, command := s.next(rest)
		source := fmt.Sprintf("%s:%d", name, line+strings.Count(rest[:length], "\n"))
		line += strings.Count(rest[:length], "\n")
		rest = rest[length:]
		if block := s.text(source, text, command); block != "" {
			end := strings.Index(rest, "\n"+block)
			if end < 0 {
				return nil
			}
			line += strings.Count(rest[:end+1], "\n")
			rest = rest[end+1+len(block):]
		}
	}
	return nil
}

// next returns the next text or command, how long it is with all that belongs to
// it, and whether it can only be a command.
func (s *mysqlScript) next(rest string) (text string, length int, command bool) {
	start := len(rest) - len(strings.TrimLeft(rest, " \t\r\n"))
	body := rest[start:]
	if strings.HasPrefix(body, "#") || strings.HasPrefix(body, "--") || strings.HasPrefix(body, "}") {
		end := strings.IndexByte(body, '\n')
		if end < 0 {
			end = len(body)
		}
		return strings.TrimSpace(body[:end]), start + end, true
	}
	var quote byte
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case strings.HasPrefix(body[i:], s.delimiter):
			return body[:i], start + i + len(s.delimiter), false
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '{' && mysqlFlow.MatchString(body[:i]):
			return "", start + i + 1, true
		}
	}
	return "", len(rest), true
}

var (
	mysqlFlow     = regexp.MustCompile(`(?i)^(if|while)\s*\(`)
	mysqlFirst    = regexp.MustCompile(`^[A-Za-z_]+`)
	mysqlVariable = regexp.MustCompile(`\$\w`)
)

// mysqlCommands are the runner's commands that may stand without two dashes before
// them, but for those that send a text.
var mysqlCommands = set(`append_file assert cat_file change_user character_set chmod connect connection copy_file
	copy_files_wildcard dec delimiter die diff_files dirty_close disable_abort_on_error disable_async_client disable_cursor_protocol
	disable_connect_log disable_info disable_metadata disable_parsing disable_prepare_warnings disable_ps2_protocol disable_ps_protocol
	disable_query_log disable_reconnect disable_result_log disable_rpl_parse disable_service_connection disable_session_track_info disable_testcase disable_view_protocol
	disable_warnings disconnect echo enable_abort_on_error enable_async_client enable_connect_log enable_cursor_protocol enable_info
	enable_metadata enable_parsing enable_prepare_warnings enable_ps2_protocol enable_ps_protocol enable_query_log enable_reconnect
	enable_result_log enable_rpl_parse enable_service_connection enable_session_track_info enable_testcase enable_view_protocol enable_warnings end end_timer error exec
	exec_in_background execw exit expr file_exists force_cpdir force_rmdir horizontal_results inc let list_files list_files_append_file
	list_files_write_file lowercase_result mkdir move_file optimizer_trace output partially_sorted_result perl ping query_attributes
	query_get_value real_sleep reap remove_file remove_files_wildcard replace_column replace_numeric_round replace_regex
	replace_result require reset_connection result result_format rmdir save_master_pos send_quit send_shutdown shutdown_server
	skip skip_if_hypergraph sleep sorted_result source start_timer sync_slave_with_master sync_with_master system timer vertical_results wait_for_slave_to_stop
	write_file write_line`)

// mysqlSends are the commands that send the text behind them.
var mysqlSends = set("eval evalp query query_horizontal query_vertical send send_eval")

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// text takes one text or command. It returns the line that ends the block of
// other text that follows, empty if none does.
func (s *mysqlScript) text(source, text string, command bool) (block string) {
	if rest, ok := strings.CutPrefix(text, "--"); ok && command {
		text = strings.TrimSpace(rest)
	} else if command {
		return ""
	}
	first := strings.ToLower(mysqlFirst.FindString(text))
	arguments := strings.TrimSpace(text[len(first):])
	switch {
	case mysqlSends[first]:
		text = arguments
		if strings.HasPrefix(first, "eval") && mysqlVariable.MatchString(text) {
			return ""
		}
	case mysqlCommands[first]:
		return s.command(first, strings.TrimSuffix(arguments, s.delimiter))
	case command:
		return "" // a comment, or a command that is not known
	}
	if text != "" && !mysqlVariable.MatchString(text) {
		s.texts = append(s.texts, mysqlText{source, text})
	}
	return ""
}

// command acts on the commands that matter here.
func (s *mysqlScript) command(name, arguments string) (block string) {
	fields := strings.Fields(arguments)
	last := func(other string, n int) string {
		if len(fields) >= n {
			return fields[len(fields)-1]
		}
		return other
	}
	switch name {
	case "delimiter":
		s.delimiter = last(s.delimiter, 1)
	case "perl":
		return last("EOF", 1)
	case "write_file", "append_file":
		return last("EOF", 2)
	case "source":
		if s.depth == maxSourced || strings.Contains(arguments, "$") {
			return ""
		}
		s.depth++
		_ = s.file(filepath.Join(s.root, arguments)) // what is not there is left out
		s.depth--
	}
	return ""
}

// mysqlSkipped are folders of a suite whose tests need more than one server, a
// server of another build, or other settings.
var mysqlSkipped = regexp.MustCompile(`(^|/)(` + strings.Join(strings.Fields(`
	rpl\w* \w*binlog\w* galera\w* wsrep group_replication multi_source ndb\w* \w+_ndb mariabackup clone federated
	large_tests \w*stress lock_order thread_pool\w* xtrabackup s3 spider x plugins encryption auth_sec component_\w+
	router network_namespace`), "|") + `)(/|$)`)

// mysqlFiles returns the test files of a suite.
func mysqlFiles(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() && mysqlSkipped.MatchString(name) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".test") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d test files in the suite's folder, error %v", len(files), err)
	}
	main := func(path string) int { // the main tests first
		if strings.Contains(path, "/suite/") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(files, func(a, b string) int { return main(a) - main(b) })
	return files
}

func TestWhatAScriptSends(t *testing.T) {
	folder := t.TempDir()
	script := "# SELECT 'a comment'\n--error 1064\nSELECT 1;\nselect 'a;b'\n  , 2; --echo x;\nlet $a = 1;\nif ($a) {\nSELECT 3;\n}\n" +
		"delimiter |;\nCREATE PROCEDURE p() BEGIN SELECT 1; END|\ndelimiter ;|\neval SELECT $a;\nsend SELECT 4;\nreap;\n" +
		"perl;\nprint 'SELECT 5;';\nEOF\n--source more.inc\n--write_file f END\nSELECT 6;\nEND\nSELECT \"it's\";\n"
	for name, content := range map[string]string{"a.test": script, "more.inc": "SELECT 'more';\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	texts, err := mysqlTexts(folder, filepath.Join(folder, "a.test"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range texts {
		got = append(got, text.source+" "+strings.Join(strings.Fields(text.sql), " "))
	}
	want := []string{
		"a.test:3 SELECT 1", "a.test:5 select 'a;b' , 2", "a.test:8 SELECT 3", "a.test:11 CREATE PROCEDURE p() BEGIN SELECT 1; END",
		"a.test:14 SELECT 4", "more.inc:1 SELECT 'more'", "a.test:23 SELECT \"it's\"",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
