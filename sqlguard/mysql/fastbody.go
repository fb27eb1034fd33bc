package mysql

import "strings"

// The kinds of bytes outside of quotes and comments. All others, which servers
// take in more than one way or the parser alone judges, are the zero kind.
const (
	byteElse = iota
	byteWord
	byteDigit
	byteString
	byteIdent
	byteOpen
	byteClose
	byteDot
	byteMark
	byteSemicolon

	// From here on, what may be skipped before a token.
	byteSpace
	byteMinus
	byteSlash
	byteHash
)

// bytesOf has the kind of each byte, inWord those that a word may go on with.
var bytesOf, inWord = func() (kinds [256]uint8, words [256]bool) {
	set := func(chars string, kind uint8) {
		for _, c := range []byte(chars) {
			kinds[c] = kind
		}
	}
	set(" \t\n\v\f\r", byteSpace)
	set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", byteWord)
	set("0123456789", byteDigit)
	set(",=<>!+*%|&^~?", byteMark)
	set("'", byteString)
	set("`", byteIdent)
	set("(", byteOpen)
	set(")", byteClose)
	set(".", byteDot)
	set("-", byteMinus)
	set("/", byteSlash)
	set("#", byteHash)
	set(";", byteSemicolon)
	for c, kind := range kinds {
		words[c] = kind == byteWord || kind == byteDigit
	}
	return kinds, words
}()

// The kinds of tokens, as far as body has to know what stands before one.
const (
	tokenElse = iota
	tokenWord
	tokenIdent
	tokenDot
	tokenClose
)

// span is a token: src[start:end].
type span struct {
	kind       uint8
	start, end int
}

// lengths has, for each first letter, a bit for each length of some words, so that
// most others need not be looked up.
type lengths [256]uint16

// mayAct are the words that a query must not have, mayMatter all that scan knows but for
// functions and the keywords before a parenthesis.
var (
	mayAct    = lengthsOf(acts | wordNextval)
	mayMatter = lengthsOf(^(reader | adjacent | opens | scans | anyWord))
)

func lengthsOf(kinds word) (l lengths) {
	for text, kind := range dictionary.kinds {
		if kind&kinds != 0 {
			l[text[0]] |= 1 << len(text)
			l[text[0]-'a'+'A'] |= 1 << len(text)
		}
	}
	return l
}

// body reads the rest of the text as expressions and clauses of a query. It
// reports whether nothing in it makes it more, or needs the parser.
func (s *scan) body() bool {
	src, i := s.src, s.pos
	last, before, depth := s.last, span{}, 0
	for i < len(src) {
		start, kind := i, uint8(tokenElse)
		switch bytesOf[src[i]] {
		case byteSpace:
			i++
			continue
		case byteWord:
			for i++; i < len(src) && inWord[src[i]]; {
				i++
			}
			kind = tokenWord
			if mayAct[src[start]]>>(i-start)&1 != 0 && s.acts(span{kind, start, i}, last, before) {
				return false
			}
		case byteDigit:
			if i = plainNumber(src, i); i < 0 {
				return false
			}
		case byteMark:
			i++
		case byteOpen:
			if last.kind == tokenWord || last.kind == tokenIdent {
				if !s.opens(last, before, i) {
					return false
				}
			}
			if depth++; depth > maxNesting {
				return false
			}
			i++
		case byteClose:
			kind = tokenClose
			depth = max(depth-1, 0)
			i++
		case byteDot:
			kind = tokenDot
			if i++; i < len(src) && bytesOf[src[i]] == byteDigit {
				return false
			}
		case byteString:
			if last.kind == tokenWord && last.end == i && last.end-last.start == 1 {
				return false // N'…', x'…'
			}
			if i = plainString(src, i+1); i < 0 {
				return false
			}
		case byteIdent:
			s.pos = i
			if !s.quoted() || last.kind == tokenDot && strings.EqualFold(src[i+1:s.pos-1], "nextval") {
				return false
			}
			kind, i = tokenIdent, s.pos
		case byteMinus, byteSlash, byteHash:
			s.pos = i
			n := s.comment()
			if n < 0 {
				return false
			}
			if i += n; n > 0 {
				continue
			}
			i++
		case byteSemicolon:
			return strings.Trim(src[i+1:], " \t\n\v\f\r") == ""
		default:
			return false
		}
		before = last
		last = span{kind, start, i}
	}
	return true
}

// known returns what is known of a token that is a word.
func (s *scan) known(t span) word {
	if t.kind != tokenWord {
		return 0
	}
	return dictionary.find(s.src, t.start, t.end)
}

// acts reports whether the word t may make a query more than a read. Behind a dot
// it is a name, and in ON DUPLICATE KEY UPDATE it belongs to the INSERT; what else is harmless,
// as the functions INSERT and REPLACE, is for the parser to tell.
func (s *scan) acts(t, last, before span) bool {
	w := s.known(t)
	if last.kind == tokenDot {
		return w&wordNextval != 0
	}
	if w&wordUpdate != 0 && s.known(last)&wordKey != 0 && s.known(before)&wordDuplicate != 0 {
		s.upsert = true
		return false
	}
	return w&(acts|wordNextval) != 0
}

// opens reports whether the parenthesis at i, which has a name before it, is known to
// belong to a keyword or to a call of a function that reads.
func (s *scan) opens(name, before span, i int) bool {
	w := s.known(name)
	switch {
	case before.kind == tokenDot, w&wordAs != 0:
		return false
	case w&opens != 0:
		return true
	case w&reader == 0, w&adjacent != 0 && name.end != i, before.kind == tokenClose, s.known(before)&wordAs != 0:
		return false
	}
	s.functions = true
	return true
}

// plainNumber returns the end of the decimal number at i, -1 if it may be more
// than that.
func plainNumber(src string, i int) int {
	for i < len(src) && bytesOf[src[i]] == byteDigit {
		i++
	}
	if i+1 < len(src) && src[i] == '.' && bytesOf[src[i+1]] == byteDigit {
		for i++; i < len(src) && bytesOf[src[i]] == byteDigit; {
			i++
		}
	}
	if i < len(src) && (inWord[src[i]] || src[i] == '.') {
		return -1
	}
	return i
}

// plainString returns the index behind the string whose content begins at i, -1
// if it does not end, or where it ends depends on whether a backslash escapes.
func plainString(src string, i int) int {
	for i < len(src) {
		switch src[i] {
		case '\'':
			if i++; i == len(src) || src[i] != '\'' {
				return i
			}
		case '\\':
			if i+1 < len(src) && (src[i+1] == '\'' || src[i+1] == '\\') {
				return -1
			}
		case 0:
			return -1
		}
		i++
	}
	return -1
}
