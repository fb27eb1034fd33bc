// Package lex splits SQL into tokens the way PostgreSQL, MySQL and MariaDB, and
// SQLite do, so that nothing a server would execute hides in what a guard takes
// for a comment, a string or a name.
//
// One [Lexer] knows the three dialects. It reads the text once, allocates
// nothing, and accepts any bytes. Where a text cannot be read with certainty
// it returns a single Error token that covers the rest, and [Lexer.Reason] says
// why: an unterminated string, comment or name, a NUL byte (the C interfaces of
// two of the three engines stop there), a byte that belongs to no token.
//
// What a server setting decides is in [Options]; a caller that does not know
// the setting reads the text once for each. PostgreSQL's
// standard_conforming_strings counts as on, its default; a plain string with a
// backslash in it carries a flag for those who care.
//
// MySQL's executable comments, /*! … */ and MariaDB's /*M! … */, are code to some
// servers and comments to others. The lexer returns their bounds as tokens
// (ExecOpen, ExecClose) with the tokens of the body between them, and refuses
// bodies that would be split differently when skipped than when executed.
//
// A [Cursor] is for parsers that need no tree: it has looked each word up in a
// [WordTable] before the parser asks, and skims over what means nothing to it.
//
// [Check] is the gate for callers that hand the text to a recursive parser: it
// bounds the text's length and the depth of any syntax tree it can have.
package lex
