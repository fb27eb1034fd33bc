package httpmode

import (
	"strings"
	"testing"
)

func TestFieldsThatLookSecret(t *testing.T) {
	s := newFieldSecrets([]string{"maiden name", "BIC", "csrf_pin"})
	for kind, names := range map[secrecy]string{
		secretOfUser: `password Password user[password] newPassword oldpassword passwordConfirmation password2 pass userPass PASSWD
			pwd passphrase Passwort user_kennwort contraseña contrasena mot_de_passe mdp senha
			secret client_secret api_token accessToken token otp_token apiKey api-key private_key
			pin PIN userPIN pin1 otp totp-code card card_number cardNumber creditcard cc cc-number cvc cvc2 CVV iban user[iban] ssn
			security.code social_security_number verification-code
			maidenName mothers_maiden_name maidenname user.bic csrfPin`,
		secretOfSite: `csrf csrf_token csrfmiddlewaretoken gorilla.csrf.Token _csrf XSRF-TOKEN authenticity_token __RequestVerificationToken
			_token comment[_token] _wpnonce g-recaptcha-response h-captcha-response cf-turnstile-response captcha
			_method _charset_ utf8`,
		notSecret: `text comment[text] title name user email passenger compass passport_country bypass shopping opinion spinner
			discard cardinal postcard_text caliban urban accept tango standard bicycle public _text tokyo charset method`,
	} {
		for name := range strings.FieldsSeq(names) {
			if got := s.kind(name); got != kind {
				t.Errorf("%s: got %d, want %d", name, got, kind)
			}
		}
	}
}

func TestLabels(t *testing.T) {
	for name, want := range map[string]string{
		"text": "Text", "first_name": "First name", "user[postCode]": "Post code", "comment[text]": "Text", "tags[]": "Tags",
		"tags[0]": "Tags 0", "item[3][title]": "Title", "talk.title": "Talk title", "address2": "Address 2", "HTMLText": "HTML text",
		"PIN": "PIN", "größe": "Größe", "名前": "名前", "": "", "[]": "", "a\u202eb\u0000c": "A b c", "[text]": "Text",
		strings.Repeat("é", 100): "É" + strings.Repeat("é", 58) + "…",
	} {
		if got := (Field{Name: name}).Label(); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
