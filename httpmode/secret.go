package httpmode

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrecy is what the name of a field says of its value.
type secrecy uint8

const (
	notSecret    secrecy = iota
	secretOfSite         // the site's own, such as a token: it may travel in a page, but not be seen
	secretOfUser         // it must not be in a page at all
)

// siteTokens are what forms carry against forgery and robots, in names without
// anything but letters and digits.
var siteTokens = []string{
	"csrf", "xsrf", "authenticitytoken", "requestverificationtoken", "antiforgery", "nonce",
	"captcha", "turnstile",
}

// userSecrets are what a visitor would not want to see on a screen, in the languages
// that fields are named in most. A name that looks like one costs little: the page says to go back to the form.
var userSecrets = []string{
	"password", "passwd", "passphrase", "passcode", "pass", "pwd", "pw", "psw",
	"passwort", "kennwort", "contrasena", "contraseña", "clave", "motdepasse", "mdp", "senha", "wachtwoord",
	"secret", "token", "credential", "apikey", "privatekey", "accesskey", "securityanswer",
	"pin", "otp", "totp", "onetimecode", "verificationcode", "securitycode", "tan",
	"card", "creditcard", "cardnumber", "cc", "ccnumber", "cvc", "cvv", "csc", "cvn", "iban",
	"ssn", "socialsecurity",
}

// minAnywhere is how many letters a secret needs to be looked for within words: "newpassword" has
// one, "shopping" has none.
const minAnywhere = 5

// secrets knows the names of fields that look secret.
type secrets struct {
	words    map[string]bool // whole words, or several in a row
	anywhere []string
	custom   *secrets // what the configuration adds, or nil
}

func newSecrets(names []string) secrets {
	s := secrets{words: make(map[string]bool)}
	for _, name := range names {
		if squeezed := squeeze(name); utf8.RuneCountInString(squeezed) < minAnywhere {
			s.words[squeezed] = true
		} else {
			s.anywhere = append(s.anywhere, squeezed)
		}
	}
	return s
}

// newFieldSecrets returns the secrets that are built in, and those of the configuration.
func newFieldSecrets(custom []string) secrets {
	s, own := newSecrets(userSecrets), newSecrets(custom)
	s.custom = &own
	return s
}

// checkSecretFields reports what is wrong with Config.SecretFields.
func checkSecretFields(names []string) error {
	for i, name := range names {
		if squeeze(name) == "" {
			return fmt.Errorf("Config.SecretFields[%d]: %q is not the name of a field; expected letters or digits", i, name)
		}
	}
	return nil
}

// kind says what the name of a field says of its value. The configuration's word is
// the first, and that a token is the site's is the second.
func (s secrets) kind(name string) secrecy {
	words := words(name)
	squeezed := strings.ToLower(strings.Join(words, ""))
	switch {
	case s.custom.has(words, squeezed):
		return secretOfUser
	case isSiteToken(name, squeezed):
		return secretOfSite
	case s.has(words, squeezed):
		return secretOfUser
	}
	return notSecret
}

// maxRun is of how many words in a row a short secret may be made: "c v v".
const maxRun = 4

func (s secrets) has(words []string, squeezed string) bool {
	for _, part := range s.anywhere {
		if strings.Contains(squeezed, part) {
			return true
		}
	}
	for i := range words {
		run := ""
		for _, word := range words[i:min(i+maxRun, len(words))] {
			run += strings.ToLower(word)
			if s.words[run] {
				return true
			}
		}
	}
	return false
}

// isSiteToken reports whether a name is one of those that frameworks give to their
// own fields. Symfony's and Laravel's token is "_token", at most within a form's name.
func isSiteToken(name, squeezed string) bool {
	switch name {
	case "_token", "_method", "_charset_", "utf8":
		return true
	}
	return strings.HasSuffix(name, "[_token]") ||
		slices.ContainsFunc(siteTokens, func(token string) bool { return strings.Contains(squeezed, token) })
}

// squeeze leaves of a name its letters and digits, in lower case.
func squeeze(name string) string { return strings.ToLower(strings.Join(words(name), "")) }

// words takes a name apart: "user[postCode]" is user, post, Code.
func words(name string) []string {
	var found []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			found = append(found, string(word))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.In(r, unicode.L, unicode.M, unicode.Nd):
			end()
			continue
		case len(word) == 0:
		case unicode.IsDigit(r) != unicode.IsDigit(word[len(word)-1]):
			end()
		case unicode.IsUpper(r) && !unicode.IsUpper(word[len(word)-1]):
			end()
		case unicode.IsUpper(r) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			end() // HTMLText
		}
		word = append(word, r)
	}
	end()
	return found
}

// maxLabel bounds what is shown of a field's name, in letters.
const maxLabel = 60

// Label returns what the field may be called to a visitor, made from its name:
// "Post code" for "user[postCode]" is not certain to be right, but better than none. It
// is empty for a name without letters and digits.
func (f Field) Label() string {
	name := f.Name
	if i := strings.LastIndex(name, "["); i > 0 && strings.ContainsFunc(name[i:], unicode.IsLetter) {
		name = name[i:] // "comment[text]" is the text
	}
	found := words(name)
	for i, word := range found {
		if strings.ToUpper(word) != word {
			found[i] = strings.ToLower(word)
		}
	}
	label := []rune(strings.Join(found, " "))
	if len(label) == 0 {
		return ""
	}
	label[0] = unicode.ToUpper(label[0])
	if len(label) > maxLabel {
		label = append(label[:maxLabel-1], '…')
	}
	return string(label)
}
