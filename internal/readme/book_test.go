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

// A chapter is what is known of a page while its blocks are read.
type chapter struct {
	page, folder string
	schema       string // of the database that its fragments get
	fragments    int
	last         *piece // the Go block right before
	serving      *piece // the last program that serves
}

// add adds the blocks of a page.
func (b *book) add(t *testing.T, page string, all []block) {
	t.Helper()
	c := &chapter{page: page, folder: "page" + strings.Map(letters, strings.TrimSuffix(filepath.Base(page), ".md"))}
	for _, text := range all {
		switch language, engine, _ := strings.Cut(text.language, " "); {
		case engine == "setup":
			b.files[c.folder+"/setup.go"] = source(t, c.folder, page, text.line, "", text.text, "")
		case language == "go":
			b.code(t, c, engine, text)
			continue
		default: // TestEachBlockHasATestThatRunsIt tells of what is none of these
			c.result(t, language, text)
		}
		c.last = nil
	}
	_, setup := b.files[c.folder+"/setup.go"]
	switch {
	case c.fragments == 0 && (setup || c.schema != ""):
		t.Fatalf("%s has a setup or a schema that no program uses", page)
	case c.fragments > 0:
		b.imports = append(b.imports, c.folder)
		b.files[c.folder+"/schema.go"] = fmt.Sprintf("package %s\n\nconst schema = %q\n", c.folder, c.schema)
		b.files[c.folder+"/scaffold.go"] = fmt.Sprintf("package %s\n\n%s", c.folder, scaffold(t))
	}
}

// result notes a block that goes with a Go block: an output with the one right before it, and a
// console with the program before it that serves.
func (c *chapter) result(t *testing.T, language string, text block) {
	t.Helper()
	switch {
	case language == "sql":
		c.schema += text.text
	case language == "output" && c.last != nil:
		c.last.runs, c.last.output = true, text.text
	case language == "console" && c.serving != nil:
		c.serving.runs, c.serving.consoles = true, append(c.serving.consoles, text.text)
	case language == "output", language == "console":
		t.Fatalf("%s:%d: no program is before this block", c.page, text.line)
	}
}

// code adds a Go block.
func (b *book) code(t *testing.T, c *chapter, engine string, text block) {
	t.Helper()
	c.last = &piece{page: c.page, engine: engine, line: text.line, name: fmt.Sprintf("p%d", len(b.pieces)+1)}
	b.pieces = append(b.pieces, c.last)
	if !strings.HasPrefix(text.text, "package main\n") {
		c.fragments++
		b.fragment(t, c, text.text)
		return
	}
	b.program(c.last, text.text)
	if engine == "serve" {
		c.serving = c.last
	}
}

func letters(r rune) rune {
	if r < 'a' || r > 'z' {
		return -1
	}
	return r
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
func (b *book) fragment(t *testing.T, c *chapter, text string) {
	t.Helper()
	n, p := c.fragments, c.last
	before := fmt.Sprintf("func fragment%d(ctx context.Context, guard *sqlguard.Guard, db *sql.DB, pool *pgx.Pool, mode *httpmode.Middleware, mux *http.ServeMux) error {\n", n)
	call := fmt.Sprintf("\n// Run%d runs what is on the page.\nfunc Run%[1]d() { scaffold(%q, fragment%[1]d) }\n", n, p.engine)
	b.files[fmt.Sprintf("%s/fragment%d.go", c.folder, n)] = source(t, c.folder, p.page, p.line, before, text, "\nreturn nil\n}\n"+call)
	fmt.Fprintf(&b.cases, "\tcase %q:\n\t\t%s.Run%d()\n", p.name, c.folder, n)
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
	var imports strings.Builder
	for _, folder := range b.imports {
		fmt.Fprintf(&imports, "import \"github.com/quiescehq/quiesce/internal/readme/book/%s\"\n", folder)
	}
	b.files["main.go"] = "package main\n\nimport \"os\"\n" + imports.String() +
		"\nfunc main() {\n\tswitch os.Args[1] {\n" + b.cases.String() + "\t}\n}\n"
	bin := filepath.Join(t.TempDir(), "book")
	args := slices.Concat([]string{"build"}, buildFlags, []string{"-overlay", b.overlay(t), "-o", bin, "./book"})
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("the pages' programs do not build: %v\n%s", err, out)
	}
	return bin
}

// overlay writes the files of a book, and returns the path of what the go command's flag of that
// name takes: where each is in the module, and where it is really.
func (b *book) overlay(t *testing.T) string {
	t.Helper()
	here, err := filepath.Abs("book")
	if err != nil {
		t.Fatal(err)
	}
	dir, files := t.TempDir(), map[string]string{}
	for name, text := range b.files {
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		files[filepath.Join(here, name)] = path
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
