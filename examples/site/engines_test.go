package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// onServer makes an empty database on the server that the tests are on, and
// returns its URL; nil while they are on files.
var onServer func(*testing.T) string

func newPostgres(t *testing.T) string {
	t.Helper()
	return testdb.Postgres(t).Database(t)
}

func newMariaDB(t *testing.T) string {
	t.Helper()
	c, err := mysql.ParseDSN(testdb.MariaDB(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u := url.URL{Scheme: "mariadb", User: url.User(c.User), Path: "/" + c.DBName, RawQuery: url.Values{"socket": {c.Addr}}.Encode()}
	return u.String()
}

// everywhere are the tests whose site has a database of any engine. They run
// on a file by themselves, and on each server by the tests below. Those of the control
// panel alone have a file: it asks the database nothing.
var everywhere = map[string]func(*testing.T){
	"TestThePanelAsksForTheToken":                TestThePanelAsksForTheToken,
	"TestFormsOfOtherSitesAreRefusedInEveryMode": TestFormsOfOtherSitesAreRefusedInEveryMode,
	"TestThePanelShowsHoldersAndCounts":          TestThePanelShowsHoldersAndCounts,

	"TestEveryRouteAnswersInEveryModeAsItShould":                TestEveryRouteAnswersInEveryModeAsItShould,
	"TestAWriteWorksAgainRightAfterTheMode":                     TestAWriteWorksAgainRightAfterTheMode,
	"TestTheViewCounterCountsAndIsSkipped":                      TestTheViewCounterCountsAndIsSkipped,
	"TestLogInWritesNothingWhileReadOnly":                       TestLogInWritesNothingWhileReadOnly,
	"TestAnonymousLogsNobodyOut":                                TestAnonymousLogsNobodyOut,
	"TestGetOnlySaysWhatBecameOfTheForm":                        TestGetOnlySaysWhatBecameOfTheForm,
	"TestARefusedCommentIsSentAgainFromItsPage":                 TestARefusedCommentIsSentAgainFromItsPage,
	"TestTheBannerSaysWhatOperatorsTellThePublicAndNothingElse": TestTheBannerSaysWhatOperatorsTellThePublicAndNothingElse,
	"TestTheBannerSaysWhatIsAnnounced":                          TestTheBannerSaysWhatIsAnnounced,
	"TestARefusedCommentGetsAFriendlyAnswer":                    TestARefusedCommentGetsAFriendlyAnswer,
	"TestThePoolRefusesWhatTheMiddlewareDoesNotSee":             TestThePoolRefusesWhatTheMiddlewareDoesNotSee,

	"TestThePanelAnnouncesAWindowAndThenOpensIt": TestThePanelAnnouncesAWindowAndThenOpensIt,
	"TestThePanelSaysWhatCanStillBeCommitted":    TestThePanelSaysWhatCanStillBeCommitted,
	"TestASmokeTestWritesWhileNobodyElseCan":     TestASmokeTestWritesWhileNobodyElseCan,
	"TestOnlyOperatorsDrainAndGetTokens":         TestOnlyOperatorsDrainAndGetTokens,
	"TestThePanelShowsWhatObserveModeSaw":        TestThePanelShowsWhatObserveModeSaw,

	"TestTheProgrammeShowsEveryTalk":                 TestTheProgrammeShowsEveryTalk,
	"TestCommentingStarringAndProposing":             TestCommentingStarringAndProposing,
	"TestFormsThatAreNotAcceptedKeepWhatWasTyped":    TestFormsThatAreNotAcceptedKeepWhatWasTyped,
	"TestVisitorsAreAskedToLogInAndComeBack":         TestVisitorsAreAskedToLogInAndComeBack,
	"TestTheSessionCookieIsSignedAndKeptFromScripts": TestTheSessionCookieIsSignedAndKeptFromScripts,
	"TestEveryPageIsKeptToItself":                    TestEveryPageIsKeptToItself,

	"TestASecondStartChangesNothingAndKeepsEverybodyLoggedIn": TestASecondStartChangesNothingAndKeepsEverybodyLoggedIn,
	"TestStoppingAnswersWhatIsInFlightAndLeavesNothingBehind": TestStoppingAnswersWhatIsInFlightAndLeavesNothingBehind,
	"TestTheEnvironmentStartsTheSiteClosed":                   TestTheEnvironmentStartsTheSiteClosed,
	"TestSignalsEndTheProcessWell":                            TestSignalsEndTheProcessWell,
}

func TestTheSiteOnPostgreSQL(t *testing.T) { everythingOn(t, newPostgres) }

func TestTheSiteOnMariaDB(t *testing.T) { everythingOn(t, newMariaDB) }

func everythingOn(t *testing.T, server func(*testing.T) string) {
	onServer = server
	defer func() { onServer = nil }()
	server(t) // skips all of them where there is none
	for name, test := range everywhere {
		t.Run(strings.TrimPrefix(name, "Test"), test)
	}
}

// TestEveryTestThatHasADatabaseRunsOnEveryEngine is for those who add one.
func TestEveryTestThatHasADatabaseRunsOnEveryEngine(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range syntax.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") || !calls(f, "newDatabase") {
				continue
			}
			if found++; everywhere[f.Name.Name] == nil {
				t.Errorf("%s is not one of the tests that run everywhere", f.Name.Name)
			}
		}
	}
	if found != len(everywhere) {
		t.Errorf("%d tests have a database, and %d run everywhere", found, len(everywhere))
	}
}

// calls reports whether a function calls another by its name.
func calls(f *ast.FuncDecl, name string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if called, ok := call.Fun.(*ast.Ident); ok && called.Name == name {
				found = true
			}
		}
		return !found
	})
	return found
}
