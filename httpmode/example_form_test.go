package httpmode_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// A page that get-only mode shows in place of a form's answer gives back what was typed.
func ExampleFormFromContext() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		log.Fatal(err)
	}
	talk := mode.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if httpmode.FromContext(r.Context()).Converted {
			for _, field := range httpmode.FormFromContext(r.Context()).Fields {
				if field.Visible() {
					fmt.Printf("not saved: %s: %s\n", field.Label(), field.Value)
				}
			}
		}
	}))
	if err := guard.Hold("migration", sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}); err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/talks/1", strings.NewReader("csrf_token=c2VjcmV0&comment=A+fine+talk."))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	talk.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// not saved: Comment: A fine talk.
}
