package readme_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A piece is a Go block of a page, as a function of the book's program.
type piece struct {
	page, engine string
	line         int
	name         string // by which the program is told to run it
	runs         bool
	output       string
	consoles     []string
}

// A book is one program of all Go blocks of the pages, so that they are compiled and linked once.
// A block with a package clause is a package of its own; a fragment is the body of a function in
// the package of its page, next to the page's setup, with what scaffold.go.txt gives it.
type book struct {
	pieces  []*piece
	files   map[string]string // by their paths below the program's folder
	imports []string
	cases   strings.Builder
}

func newBook() *book { return &book{files: map[string]string{}} }

// packages are what a fragment may use without saying so.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "httptest": "net/http/httptest", "io": "io",
	"log": "log", "os": "os", "slog": "log/slog", "sql": "database/sql", "strings": "strings", "testing": "testing", "time": "time",
	"jackc": "github.com/jackc/pgx/v5", "pgxpool": "github.com/jackc/pgx/v5/pgxpool",
	"driver":    "github.com/quiescehq/quiesce/driver",
	"pgx":       "github.com/quiescehq/quiesce/driver/pgx",
	"mysql":     "github.com/quiescehq/quiesce/driver/mysql",
	"sqlite":    "github.com/quiescehq/quiesce/driver/sqlite",
	"httpmode":  "github.com/quiescehq/quiesce/httpmode",
	"sqlguard":  "github.com/quiescehq/quiesce/sqlguard",
	"guardtest": "github.com/quiescehq/quiesce/sqlguard/guardtest",
	"fleet":     "github.com/quiescehq/quiesce/sqlguard/fleet",
	"store":     "github.com/quiescehq/quiesce/sqlguard/fleet/store",
}

// add adds the blocks of a page. An output belongs to the Go block right before it, and a console
// to the program before it that serves.
func (b *book) add(t *testing.T, page string, all []block) {
	t.Helper()
	folder := "page" + strings.Map(letters, strings.TrimSuffix(filepath.Base(page), ".md"))
	schema, fragments, serving := "", 0, (*piece)(nil)
	for i, text := range all {
		language, engine, _ := strings.Cut(text.language, " ")
		switch {
		case language == "sql":
			schema += text.text
		case language == "output":
			if i == 0 || !strings.HasPrefix(all[i-1].language, "go") || all[i-1].language == "go setup" {
				t.Fatalf("%s:%d: no program is before this output", page, text.line)
			}
			last := b.pieces[len(b.pieces)-1]
			last.runs, last.output = true, text.text
		case language == "console":
			if serving == nil {
				t.Fatalf("%s:%d: no program that serves is before these commands", page, text.line)
			}
			serving.runs, serving.consoles = true, append(serving.consoles, text.text)
		case language != "go": // TestEachBlockHasATestThatRunsIt tells of it
		case engine == "setup":
			b.files[folder+"/setup.go"] = source(t, folder, page, text.line, "", text.text, "")
		case strings.HasPrefix(text.text, "package main\n"):
			p := b.piece(page, engine, text.line)
			b.program(p, text.text)
			if engine == "serve" {
				serving = p
			}
		default:
			fragments++
			b.fragment(t, b.piece(page, engine, text.line), folder, fragments, text.text)
		}
	}
	if fragments > 0 {
		b.imports = append(b.imports, folder)
		b.files[folder+"/schema.go"] = fmt.Sprintf("package %s\n\nconst schema = %q\n", folder, schema)
		b.files[folder+"/scaffold.go"] = fmt.Sprintf("package %s\n\n%s", folder, scaffold(t))
	}
}

func letters(r rune) rune {
	if r < 'a' || r > 'z' {
		return -1
	}
	return r
}

func (b *book) piece(page, engine string, line int) *piece {
	p := &piece{page: page, engine: engine, line: line, name: fmt.Sprintf("p%d", len(b.pieces)+1)}
	b.pieces = append(b.pieces, p)
	return p
}

func scaffold(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/scaffold.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// program adds a whole program as a package. What it listens to is up to the test.
func (b *book) program(p *piece, text string) {
	text = strings.Replace(text, "package main\n", "package "+p.name+"\n", 1)
	text = strings.Replace(text, "func main() {", "func Main() {", 1)
	if p.engine == "serve" {
		text = strings.NewReplacer(`"localhost:8080"`, "pagesSite", `"localhost:8081"`, "pagesPanel").Replace(text)
		b.files[p.name+"/address.go"] = "package " + p.name + "\n\nimport \"os\"\n\n" +
			"var pagesSite, pagesPanel = os.Getenv(\"PAGES_SITE\"), os.Getenv(\"PAGES_PANEL\")\n"
	}
	b.files[p.name+"/main.go"] = fmt.Sprintf("//line %s:%d\n%s", p.page, p.line, text)
	b.imports = append(b.imports, p.name)
	fmt.Fprintf(&b.cases, "\tcase %q:\n\t\t%[1]s.Main()\n", p.name)
}

// fragment adds statements as a function.
func (b *book) fragment(t *testing.T, p *piece, folder string, n int, text string) {
	t.Helper()
	before := fmt.Sprintf("func fragment%d(ctx context.Context, guard *sqlguard.Guard, db *sql.DB, pool *pgx.Pool, mode *httpmode.Middleware, mux *http.ServeMux) error {\n", n)
	call := fmt.Sprintf("\n// Run%d runs what is on the page.\nfunc Run%[1]d() { scaffold(%q, fragment%[1]d) }\n", n, p.engine)
	b.files[fmt.Sprintf("%s/fragment%d.go", folder, n)] = source(t, folder, p.page, p.line, before, text, "\nreturn nil\n}\n"+call)
	fmt.Fprintf(&b.cases, "\tcase %q:\n\t\t%s.Run%d()\n", p.name, folder, n)
}

// source returns a file with the imports that its text needs. Its lines are the page's.
func source(t *testing.T, folder, page string, line int, before, text, after string) string {
	t.Helper()
	body := fmt.Sprintf("%s//line %s:%d\n%s%s", before, page, line, text, after)
	file, err := parser.ParseFile(token.NewFileSet(), "", "package "+folder+"\n"+body, 0)
	if err != nil {
		t.Fatalf("%s:%d: %v", page, line, err)
	}
	var needed []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && packages[x.Name] != "" {
				needed = append(needed, fmt.Sprintf("import %s %q\n", x.Name, packages[x.Name]))
			}
		}
		return true
	})
	slices.Sort(needed)
	return "package " + folder + "\n\n" + strings.Join(slices.Compact(needed), "") + "\n" + body
}

// build builds the program of a book, whose files are in the module for the compiler alone.
func (b *book) build(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH; it is needed to build the pages' programs")
	}
	here, err := filepath.Abs("book")
	if err != nil {
		t.Fatal(err)
	}
	var imports strings.Builder
	for _, folder := range b.imports {
		fmt.Fprintf(&imports, "import \"github.com/quiescehq/quiesce/internal/readme/book/%s\"\n", folder)
	}
	b.files["main.go"] = "package main\n\nimport \"os\"\n" + imports.String() +
		"\nfunc main() {\n\tswitch os.Args[1] {\n" + b.cases.String() + "\t}\n}\n"
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range b.files {
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		overlay.Replace[filepath.Join(here, name)] = path
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "book")
	args := slices.Concat([]string{"build"}, buildFlags, []string{"-overlay", filepath.Join(dir, "overlay.json"), "-o", bin, "./book"})
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("the pages' programs do not build: %v\n%s", err, out)
	}
	return bin
}
