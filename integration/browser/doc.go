// Package browser holds the front door against a real browser: Chromium without a window,
// at a small site behind the guard. It has nothing but tests, and is left out where there
// is no Chromium, or, for what only axe-core can say, no axe-core; `make test` installs
// both. With QUIESCE_TEST_BROWSER=required a missing one is an error.
//
// QUIESCE_SCREENSHOTS=folder keeps pictures of the maintenance page there, for a person to
// look at; a relative folder is one of this package's.
package browser
