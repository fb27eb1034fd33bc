//go:build cgo

package postgres_test

// knownRefusals are the reads of the corpus that do not pass.
var knownRefusals = map[string]string{
	"FETCH 10 FROM c": "the cursor's query is not in the text",
	"MOVE ALL IN c":   "the cursor's query is not in the text",
}
