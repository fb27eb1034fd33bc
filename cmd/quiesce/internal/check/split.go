package check

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

// piece is one statement of a text: text[start:end], with the semicolon, since without it
// the end may read differently: to MySQL a "--" is a comment only at the end of a text.
type piece struct{ start, end int }

// split returns the statements of a text. From where it is not certain where a
// statement ends, the rest is one piece: a dialect judges several statements in one
// text as well, and takes the worst.
//
// MySQL reads quotes in different ways, by sql_mode and character set. There only
// the ends that all readings share are certain.
func split(language lex.Dialect, text string) []piece {
	var certain []piece
	for i, options := range readings(language, text) {
		pieces := splitReading(language, text, options)
		if i == 0 {
			certain = pieces
		} else {
			certain = shared(certain, pieces)
		}
	}
	return certain
}

// readings returns the options under which a text may be split differently.
func readings(language lex.Dialect, text string) []lex.Options {
	all := []lex.Options{{}}
	if language != lex.MySQL {
		return all
	}
	for _, setting := range []struct {
		matters bool
		set     func(*lex.Options)
	}{
		{strings.Contains(text, `\`), func(o *lex.Options) { o.NoBackslashEscapes = true }},
		{strings.Contains(text, `"`), func(o *lex.Options) { o.ANSIQuotes = true }},
		{strings.Contains(text, "\xA0"), func(o *lex.Options) { o.Latin1Space = true }},
	} {
		if !setting.matters {
			continue
		}
		for _, o := range all[:len(all):len(all)] {
			setting.set(&o)
			all = append(all, o)
		}
	}
	return all
}

// shared returns the pieces that both splits begin with, and the rest as one.
func shared(a, b []piece) []piece {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n == len(a) && n == len(b) {
		return a
	}
	rest := piece{}
	for _, pieces := range [][]piece{a, b} {
		if n == len(pieces) {
			continue
		}
		if rest.end == 0 {
			rest = pieces[n]
		}
		rest.start = min(rest.start, pieces[n].start)
		rest.end = max(rest.end, pieces[len(pieces)-1].end)
	}
	return append(a[:n:n], rest)
}

// splitReading splits a text in one of the ways to read it.
func splitReading(language lex.Dialect, text string, options lex.Options) []piece {
	var pieces []piece
	s := statement{language: language, src: text}
	l := lex.New(language, text, options)
	start := -1
	rest := len(strings.TrimRight(text, " \t\r\n"))
	for {
		t := l.Next()
		switch {
		case t.Kind == lex.EOF:
			if start >= 0 {
				pieces = append(pieces, piece{start, rest})
			}
			return pieces
		case t.Kind == lex.Error:
			if start < 0 {
				start = t.Start
			}
			return append(pieces, piece{start, max(rest, start+1)})
		case t.Kind == lex.Semicolon && start < 0:
			continue // an empty statement
		case t.Kind == lex.Semicolon:
			switch s.semicolon() {
			case ends:
				pieces = append(pieces, piece{start, t.End})
				s, start = statement{language: language, src: text}, -1
				continue
			case unknown:
				return append(pieces, piece{start, rest})
			}
		case start < 0:
			start = t.Start
		}
		s.add(t)
	}
}
