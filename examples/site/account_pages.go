package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// currentUser returns who sends a request, and false for a visitor.
func (s *site) currentUser(r *http.Request) (user, bool, error) {
	id, ok := s.sessions.userID(r)
	if !ok {
		return user{}, false, nil
	}
	u, err := s.store.user(r.Context(), id)
	if errors.Is(err, errNotFound) {
		return user{}, false, nil
	}
	return u, err == nil, err
}

// loginBody is what the log in page shows.
type loginBody struct {
	Login, Next, Error string
	Users              []string
	Password           string
}

func (s *site) renderLogin(w http.ResponseWriter, r *http.Request, status int, body loginBody) error {
	for _, u := range seedUsers {
		body.Users = append(body.Users, u.login)
	}
	body.Password = demoPassword
	return s.render(w, r, status, "login.html", page{Title: "Log in", Body: body})
}

func (s *site) showLogin(w http.ResponseWriter, r *http.Request) error {
	return s.renderLogin(w, r, http.StatusOK, loginBody{Next: localPath(r.URL.Query().Get("next"))})
}

// nobody is a well-formed hash that no password has. It is checked for a user
// who does not exist, so that the time of the answer does not tell.
var nobody = hashScheme + "$600000$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

// logIn writes nothing that matters, so it works while the site is read-only.
func (s *site) logIn(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	login := strings.ToLower(strings.TrimSpace(r.PostForm.Get("login")))
	next := localPath(r.PostForm.Get("next"))
	if !isText(login) {
		login = "" // which is nobody's
	}
	u, hash, err := s.store.credentials(r.Context(), login)
	if errors.Is(err, errNotFound) {
		hash, err = nobody, nil
	}
	if err != nil {
		return err
	}
	right, err := checkPassword(hash, r.PostForm.Get("password"))
	if err != nil {
		return err
	}
	if !right || u.ID == 0 {
		return s.renderLogin(w, r, http.StatusUnprocessableEntity,
			loginBody{Login: login, Next: next, Error: "No user has that name and password."})
	}
	if err := s.store.seen(r.Context(), u.ID); err != nil {
		s.log.WarnContext(r.Context(), "last seen not noted", "user", u.ID, "error", err)
	}
	s.sessions.begin(w, r, u.ID)
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (s *site) logOut(w http.ResponseWriter, r *http.Request) error {
	s.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// localPath returns a path of this site to go to; the start page for whatever
// might be another site's.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil {
		return "/"
	}
	// Without scheme and host, and with backslashes escaped, which browsers read
	// as slashes. What begins with two slashes is a host to them.
	path := u.RequestURI()
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return "/"
	}
	return path
}
