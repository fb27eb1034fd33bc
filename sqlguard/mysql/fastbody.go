package mysql

import "strings"

// The kinds of bytes outside of quotes and comments. All others, which servers
// take in more than one way or the parser alone judges, are the zero kind.
const (
	byteElse = iota
	byteSpace
	byteWord
	byteDigit
	byteString
	byteIdent
	byteOpen
	byteClose
	byteDot
	byteMark
	byteMinus
	byteSlash
	byteHash
	byteSemicolon
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

// body reads the rest of the text as expressions and clauses of a query. It
// reports whether nothing in it makes it more, or needs the parser.
func (s *scan) body() bool {
	src, i, last, before := s.src, s.pos, s.last, s.before
	end := i // of the last token
	for i < len(src) {
		token := other
		switch bytesOf[src[i]] {
		case byteSpace:
			i++
			continue
		case byteWord:
			start := i
			for i++; i < len(src) && inWord[src[i]]; {
				i++
			}
			token = dictionary.find(src[start:i])
			if last == dot {
				if token&wordNextval != 0 {
					return false
				}
				token = anyWord
			}
			if token&(acts|wordNextval) != 0 && !s.mayAct(token, last, before) {
				return false
			}
			if i == start+1 && i < len(src) && src[i] == '\'' {
				return false // N'…', x'…'
			}
		case byteDigit:
			if i = plainNumber(src, i); i < 0 {
				return false
			}
		case byteMark:
			i++
		case byteOpen:
			if last&(anyWord|quoted) != 0 && last&opens == 0 || last&wordAs != 0 || before == dot && last&anyWord != 0 {
				if !calls(last, before) || last&adjacent != 0 && end != i {
					return false
				}
				s.functions = true
			}
			i++
		case byteClose:
			token = closing
			i++
		case byteDot:
			token = dot
			if i++; i < len(src) && bytesOf[src[i]] == byteDigit {
				return false
			}
		case byteString:
			if i = plainString(src, i+1); i < 0 {
				return false
			}
		case byteIdent:
			s.pos = i
			if !s.quoted() || last == dot && strings.EqualFold(src[i+1:s.pos-1], "nextval") {
				return false
			}
			token, i = quoted, s.pos
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
		before, last, end = last, token, i
	}
	return true
}

// mayAct reports whether a word that may make a query more than a read does
// not: in ON DUPLICATE KEY UPDATE it belongs to the INSERT, and functions are called
// INSERT and REPLACE, which is for the parser to tell.
func (s *scan) mayAct(token, last, before word) bool {
	if token&wordUpdate == 0 || last&wordKey == 0 || before&wordDuplicate == 0 {
		return false
	}
	s.upsert = true
	return true
}

// calls reports whether the name before a parenthesis is that of a function that is
// known to read, and can be nothing else.
func calls(name, before word) bool {
	return name&reader != 0 && before != dot && before != closing && before&wordAs == 0
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
