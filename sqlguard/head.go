package sqlguard

// HeadClassifier is a [Dialect] that can tell a plain write by its first keyword,
// in a time that does not grow with the text. An INSERT of ten thousand rows need
// not be read to its end where all that matters is that it is none.
type HeadClassifier interface {
	Dialect

	// ClassifyHead judges a text by its first keyword. It reports false if that
	// is not enough, and then Classify has to be asked. Otherwise the text is at least a
	// [Write], whatever follows, and so a read-only guard without a policy refuses it.
	//
	// The verdict names no tables and is not complete, and it tells nothing of the
	// statements that may follow in the text: it is for a text that will not be
	// sent. ClassifyHead allocates nothing.
	ClassifyHead(sql string) (Verdict, bool)
}
