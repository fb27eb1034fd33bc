// Package guardtest finds, in an application's own tests, what read-only mode would refuse.
//
// A page that should only read, and writes all the same, is a page that visitors lose while
// writing is closed. [Handler] and [NewServer] fail a test when a request that should only read
// makes its handler write:
//
//	func TestPages(t *testing.T) {
//		t.Parallel()
//		guard, err := sqlguard.New(sqlguard.Config{Policy: app.Policy})
//		…
//		db, err := sqlite.Open(dsn, guard)
//		…
//		server := guardtest.NewServer(t, guardtest.Config{Guard: guard}, app.New(db))
//		http.Get(server.URL + "/orders/1") // an UPDATE in it fails the test, and is named
//	}
//
// [Observe] lists what would be refused while a test runs, and lets it pass; [ReadOnly]
// refuses it. [Main] does either for a whole test-suite.
//
// What a policy skips or allows, or a bypass with a reason lets through, would not be refused, and is not
// listed. Nor is, in observe mode, a query that only the engine can judge: [ReadOnly] has it judged.
//
// # Whose a write is
//
// It is the request's whose context the statement has, or its transaction. One that has none, because
// the handler forgot it or a worker runs it, is blamed on the request that is being answered, as long as all of
// those should only read; after the answer it is nobody's.
//
// # Tests in parallel
//
// There is no state but that of the guard which a test hands over. Tests that run in
// parallel should have a guard each, as they have a database each. Where they share one, set
// [Config.ContextOnly], and only statements count that run with the context of a test's own request, or
// one of [Log.Context]; observing for one test changes nothing for another. [ReadOnly] closes
// the guard for all who use it.
package guardtest
