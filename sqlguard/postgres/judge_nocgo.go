//go:build !cgo

package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// judge judges a text by its tokens alone, since the parser is written in C.
func judge(sql string) sqlguard.Verdict { return judgeTokens(sql) }
