package httpmode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// maxGraphQL is how much of a GraphQL request's body is looked at. What is longer
// is for the handler and the driver to judge.
const maxGraphQL = 1 << 20

// CodeGraphQL is the code in the extensions of a GraphQL error: [Code] as GraphQL
// servers spell theirs.
const CodeGraphQL = "READ_ONLY_MODE"

// peekMutation reports whether a request asks a GraphQL server for a mutation, as
// far as that can be told: a query in the URL, a JSON body with one operation or a
// batch of them, a body of application/graphql, or a form, with files or without. It returns the body for
// the handler, which has all that was in it, and nil if the request's own was not touched.
//
// Whatever is unclear is no mutation: the driver decides.
func peekMutation(r *http.Request) (mutation bool, body io.ReadCloser) {
	params := r.URL.Query()
	if isMutation(params.Get("query"), params.Get("operationName")) {
		return true, nil
	}
	var asks func(text []byte) bool
	switch mt := mediaType(r.Header); {
	case r.Body == nil:
		return false, nil
	case mt == "multipart/form-data":
		return peekUpload(r)
	case isJSON(mt):
		asks = hasMutation
	case mt == "application/graphql":
		asks = func(text []byte) bool { return isMutation(string(text), params.Get("operationName")) }
	case mt == "application/x-www-form-urlencoded":
		asks = func(text []byte) bool {
			form, err := url.ParseQuery(string(text))
			return err == nil && isMutation(form.Get("query"), form.Get("operationName"))
		}
	default:
		return false, nil
	}
	text, body := peek(r.Body, maxGraphQL)
	return text != nil && asks(text), body
}

// peekUpload looks at the first part of a form with files. That is where the operations
// are: they come before the files (GraphQL multipart request specification).
func peekUpload(r *http.Request) (mutation bool, body io.ReadCloser) {
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // without a boundary there is no part
	var seen bytes.Buffer
	form := multipart.NewReader(io.TeeReader(io.LimitReader(r.Body, maxGraphQL), &seen), params["boundary"])
	if part, err := form.NextPart(); err == nil && part.FormName() == "operations" {
		text, err := io.ReadAll(part)
		mutation = err == nil && hasMutation(text)
	}
	return mutation, replay{io.MultiReader(&seen, r.Body), r.Body}
}

// peek reads a body to its end, and returns what is in it, and a body that is as the
// given one was. If it is longer than limit, or fails, the text is nil.
func peek(body io.ReadCloser, limit int64) (text []byte, again io.ReadCloser) {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	rest := io.Reader(body)
	if err != nil {
		rest = failing{err}
	}
	again = replay{io.MultiReader(bytes.NewReader(text), rest), body}
	if err != nil || int64(len(text)) > limit {
		return nil, again
	}
	return text, again
}

// replay is a body of which something was read already.
type replay struct {
	io.Reader
	io.Closer
}

// failing is the rest of a body that could not be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// hasMutation reports whether a JSON body asks for a mutation, alone or in a batch.
func hasMutation(text []byte) bool {
	type operation struct {
		Query         string `json:"query"`
		OperationName string `json:"operationName"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("[")) {
		var op operation
		return d.Decode(&op) == nil && isMutation(op.Query, op.OperationName)
	}
	d.Token() // the bracket
	for d.More() {
		var op operation
		if err := d.Decode(&op); err != nil {
			if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
				return false
			}
			continue
		}
		if isMutation(op.Query, op.OperationName) {
			return true
		}
	}
	return false
}

// isMutation reports whether the operation that a document's sender selects, by
// name or because it is the only one, is a mutation (GraphQL, October 2021, 6.1).
func isMutation(document, name string) bool {
	if !strings.Contains(document, "mutation") {
		return false
	}
	operations, ok := scanOperations(document)
	if !ok || name == "" && len(operations) != 1 {
		return false
	}
	for _, op := range operations {
		if op.kind == "mutation" && (name == "" || op.name == name) {
			return true
		}
	}
	return false
}

// graphQL renders an error as GraphQL servers do. There is no data in it, not even
// null: nothing was executed (GraphQL, October 2021, 7.1.1). Its status is 503 as that of every
// maintenance answer. For application/graphql-response+json an error status is prescribed
// then. For application/json the draft of GraphQL over HTTP advises 200, because a client cannot
// tell by that type who answers with a 503, but allows 503: a mutation that was not executed must look like
// success to nobody, proxies and monitors included.
func (rd renderer) graphQL(p Page) []byte {
	type extensions struct {
		Code       string        `json:"code"`
		Cause      Cause         `json:"cause"`
		Mode       sqlguard.Mode `json:"mode"`
		Message    string        `json:"message,omitempty"`
		Until      time.Time     `json:"until,omitzero"`
		RetryAfter int           `json:"retry_after_seconds,omitempty"`
	}
	type graphQLError struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	return marshal(struct {
		Errors []graphQLError `json:"errors"`
	}{[]graphQLError{{
		Message:    p.detail(),
		Extensions: extensions{CodeGraphQL, p.Cause, p.Mode, p.Message, wholeSeconds(p.Until), p.RetryAfter},
	}}})
}
