package sqlguard

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

// The values that must not be seen again.
const (
	secretText   = "hunter2secret"
	secretNumber = "987654321"
	secretHex    = "5afe5ec4e75afe"
)

// values are literals and comments with a secret in them, by dialect, some of them
// only under one of the settings that a server may have.
var values = map[string][]string{
	"postgres": {
		`'S'`, `'a''S'`, `'\S'`, `'S\'`, `E'\'S'`, `e'S\\'`, `N'S'`, `U&'S'`, `u&'\0041S' UESCAPE '!'`, `x'H'`, `X'H'`, `b'01'`,
		"'a'\n'S'", "'a' -- b\n 'S'", `$$S$$`, `$a$ $S$ $$ S $a$`, `DATE 'S'`, `'S'::text`,
		`N`, `-N`, `+ N`, `1N`, `N.5`, `.N`, `Ne5`, `1e+N`, `0xH`, `0x_H`, `1_N`, `'{"a": "S"}'::jsonb ? 'S'`,
		`'S`, `E'\'S`, `$$S`, `$a$S$b$`, `U&'S`, `'a\', b = ' S '`, `/* S */ 1`, `/* /* ' */ S */ 1`, "-- S\n1", `/* S`, `NS`,
		`array['S', N]`, `null, 'S'`,
	},
	"mysql": {
		`'S'`, `"S"`, `'a''S'`, `"a""S"`, `'\'S'`, `"\"S"`, `'S\\'`, `n'S'`, `_utf8mb4'S'`, `_binary"S"`, `x'H'`, `X'H'`, `0xH`, `0XH`, `b'01'`,
		`'a' 'S'`, `'a' "S"`, `@'S'`, `@"S"`, `$$S$$`, `$a$S$a$`, `DATE 'S'`, `{d 'S'}`,
		`N`, `-N`, `1N`, `N.5`, `.N`, `Ne5`, `1e-N`, `Nx`, "\xa0N", `'S`, `"S`, `'a\', b = ' S '`, `"a\", b = " S "`, `'a\', b = ' S ', c = '\'`,
		`/* S */ 1`, "-- S\n1", "# S\n1", `/*! S */ 1`, `/*!50000 'S' */`, `/*M!100100 N */ 1`, `/*+ S */ 1`, `/* S`, `\N, 'S'`, `null, 'S'`,
	},
	"sqlite": {
		`'S'`, `"S"`, `'a''S'`, `"a""S"`, `'\S'`, `'S\'`, `x'H'`, `X'H'`, `N`, `-N`, `1N`, `N.5`, `.N`, `Ne5`, `1e-N`, `0xH`, `1_N`, `NS`, `'S`, `"S`,
		`/* S */ 1`, "-- S\n1", `/* S`, `('S', N)`, `null, 'S'`, "\ufeff'S'",
	},
}

// surroundings are what may stand before a value: whole tokens.
var surroundings = []string{
	"INSERT", "INTO", "SET", "pragma", "VALUES", "x", "\"y\"", "(", ")", ",", ";", "=", "-", "+", ".", "'v'", "1", "IN", "/* c */", "a.b", "NULL", "TO", "?",
}

// FuzzFingerprint holds fingerprints to the rule that no value survives.
func FuzzFingerprint(f *testing.F) {
	dialects := []string{"postgres", "mysql", "sqlite"}
	for d, dialect := range dialects {
		for v := range values[dialect] {
			f.Add(uint8(d), uint8(v), []byte{0, 1, 5, 7}, false, ")")
			f.Add(uint8(d), uint8(v), []byte{2, 5}, true, "'")
			f.Add(uint8(d), uint8(v), []byte{14, 12}, true, "\\', '")
		}
	}
	secrets := strings.NewReplacer("S", secretText, "N", secretNumber, "H", secretHex)
	f.Fuzz(func(t *testing.T, d, v uint8, before []byte, glued bool, after string) {
		dialect := dialects[int(d)%len(dialects)]
		list := values[dialect]
		for _, secret := range []string{secretText, secretNumber, secretHex} {
			if strings.Contains(strings.ToLower(after), secret) {
				return // it may stand for anything there
			}
		}
		var b strings.Builder
		for _, token := range before[:min(len(before), 50)] {
			b.WriteString(surroundings[int(token)%len(surroundings)] + " ")
		}
		value := replaceValue(secrets, list[int(v)%len(list)])
		b.WriteString("x = " + value)
		if !glued || strings.HasSuffix(value, `"`) {
			b.WriteByte(' ') // or a dot may make a name of it
			after = "AND " + after
		}
		sql := b.String() + after
		checkFingerprint(t, dialect, sql)
		checkFingerprint(t, dialect, after)
		for _, secret := range []string{secretText, secretNumber, secretHex} {
			fp, _ := fingerprint(lexers[dialect], sql)
			shown := printed(Event{Dialect: dialect, Op: OpInsert}, sql)
			if strings.Contains(strings.ToLower(fp+shown), secret) {
				t.Errorf("%s: the fingerprint of %q shows the value: %q", dialect, sql, fp)
			}
		}
	})
}

// replaceValue puts the secrets into a form, in which S, N and H stand for themselves
// where they are part of the syntax.
func replaceValue(secrets *strings.Replacer, form string) string {
	for _, prefix := range []string{"N'", "UESCAPE", "NULL", `\N`, "DATE"} {
		if strings.HasPrefix(form, prefix) {
			return prefix + secrets.Replace(form[len(prefix):])
		}
	}
	if i := strings.Index(form, "UESCAPE"); i >= 0 {
		return secrets.Replace(form[:i]) + form[i:]
	}
	return secrets.Replace(form)
}

// checkFingerprint demands what holds for every text: it is short, and read again it
// has no literal.
func checkFingerprint(t *testing.T, dialect, sql string) {
	fp, certain := fingerprint(lexers[dialect], sql)
	if certain && len(fp) > maxFingerprint {
		t.Errorf("%d bytes", len(fp))
	}
	for l := lex.New(lexers[dialect], fp, lex.Options{ANSIQuotes: true}); ; {
		switch token := l.Next(); token.Kind {
		case lex.EOF, lex.Error:
			return
		case lex.String, lex.Number:
			t.Errorf("%s: the fingerprint of %q holds a literal: %q", dialect, sql, fp)
			return
		}
	}
}
