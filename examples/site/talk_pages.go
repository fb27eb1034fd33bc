package main

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errMalformed is returned for a form that cannot be read.
var errMalformed = errors.New("malformed form")

// day is one day of the programme, or what is proposed.
type day struct {
	Name  string
	Talks []talk
}

// dayNames are by the number of the day; 0 is for proposals.
var dayNames = []string{"Proposed", "Thursday", "Friday"}

func (s *site) showTalks(w http.ResponseWriter, r *http.Request) error {
	talks, err := s.store.talks(r.Context())
	if err != nil {
		return err
	}
	var days []day
	for _, t := range talks { // by day, and proposals last
		name := dayNames[0]
		if t.Day > 0 && t.Day < len(dayNames) {
			name = dayNames[t.Day]
		}
		if len(days) == 0 || days[len(days)-1].Name != name {
			days = append(days, day{Name: name})
		}
		last := &days[len(days)-1]
		last.Talks = append(last.Talks, t)
	}
	return s.render(w, r, http.StatusOK, "talks.html", page{Title: "Programme", Body: days})
}

// talkBody is what the talk page shows.
type talkBody struct {
	Talk     talk
	Day      string
	Comments []comment
	Draft    string // a comment that was not accepted
	Error    string // and why
}

func (s *site) showTalk(w http.ResponseWriter, r *http.Request) error {
	id, err := talkID(r)
	if err != nil {
		return err
	}
	// A page view is counted before it is shown. What visitors came for is the
	// page, so a counter that fails is logged and forgotten.
	if r.Method == http.MethodGet {
		if err := s.countView(r, id); err != nil {
			return err
		}
	}
	return s.renderTalk(w, r, http.StatusOK, id, "", "")
}

func (s *site) countView(r *http.Request, id int64) error {
	if _, err := s.store.talk(r.Context(), id, 0); err != nil {
		return err
	}
	if err := s.store.countView(r.Context(), id); err != nil {
		s.log.WarnContext(r.Context(), "view not counted", "talk", id, "error", err)
	}
	return nil
}

func (s *site) renderTalk(w http.ResponseWriter, r *http.Request, status int, id int64, draft, problem string) error {
	u, loggedIn, err := s.currentUser(r)
	if err != nil {
		return err
	}
	t, err := s.store.talk(r.Context(), id, u.ID)
	if err != nil {
		return err
	}
	comments, err := s.store.comments(r.Context(), id)
	if err != nil {
		return err
	}
	body := talkBody{Talk: t, Comments: comments, Draft: draft, Error: problem}
	if t.Day > 0 && t.Day < len(dayNames) {
		body.Day = dayNames[t.Day]
	}
	p := page{Title: t.Title, Body: body}
	if loggedIn {
		p.User = &u
	}
	return s.render(w, r, status, "talk.html", p)
}

// isText reports whether every engine takes a string for text: PostgreSQL has no NUL in it.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

const maxComment = 2000

func (s *site) addComment(w http.ResponseWriter, r *http.Request) error {
	id, u, done, err := s.talkForm(w, r)
	if done || err != nil {
		return err
	}
	text := strings.TrimSpace(r.PostForm.Get("comment"))
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return s.renderTalk(w, r, http.StatusUnprocessableEntity, id, text, "Write something first.")
	case n > maxComment || !isText(text):
		return s.renderTalk(w, r, http.StatusUnprocessableEntity, id, text, "A comment has at most 2,000 characters.")
	}
	if err := s.store.comment(r.Context(), id, u.ID, text); err != nil {
		return err
	}
	http.Redirect(w, r, talkPath(id)+"#comments", http.StatusSeeOther)
	return nil
}

func (s *site) starTalk(w http.ResponseWriter, r *http.Request) error {
	id, u, done, err := s.talkForm(w, r)
	if done || err != nil {
		return err
	}
	star := r.PostForm.Get("star")
	if star != "on" && star != "off" {
		return errMalformed
	}
	if err := s.store.star(r.Context(), id, u.ID, star == "on"); err != nil {
		return err
	}
	http.Redirect(w, r, talkPath(id), http.StatusSeeOther)
	return nil
}

// talkForm reads a form about a talk. It has answered, and says done, where
// nobody is logged in.
func (s *site) talkForm(w http.ResponseWriter, r *http.Request) (id int64, u user, done bool, err error) {
	if id, err = talkID(r); err != nil {
		return 0, u, false, err
	}
	if err := parseForm(r); err != nil {
		return 0, u, false, err
	}
	u, loggedIn, err := s.currentUser(r)
	if err != nil {
		return 0, u, false, err
	}
	if !loggedIn {
		askLogin(w, r, talkPath(id))
		return 0, u, true, nil
	}
	_, err = s.store.talk(r.Context(), id, u.ID) // it must exist
	return id, u, false, err
}

func (s *site) showProposal(w http.ResponseWriter, r *http.Request) error {
	_, loggedIn, err := s.currentUser(r)
	if err != nil {
		return err
	}
	if !loggedIn {
		askLogin(w, r, "/propose")
		return nil
	}
	return s.render(w, r, http.StatusOK, "propose.html", page{Title: "Propose a talk", Body: proposal{}})
}

// proposal is what the form holds.
type proposal struct {
	Name, Abstract string
	Error          string
}

func (p proposal) problem() string {
	switch {
	case p.Name == "" || p.Abstract == "":
		return "A proposal needs a title and an abstract."
	case utf8.RuneCountInString(p.Name) > 120:
		return "A title has at most 120 characters."
	case utf8.RuneCountInString(p.Abstract) > 4000:
		return "An abstract has at most 4,000 characters."
	case !isText(p.Name) || !isText(p.Abstract):
		return "That is not text."
	}
	return ""
}

func (s *site) addProposal(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	u, loggedIn, err := s.currentUser(r)
	if err != nil {
		return err
	}
	if !loggedIn {
		askLogin(w, r, "/propose")
		return nil
	}
	p := proposal{
		Name:     strings.TrimSpace(r.PostForm.Get("title")),
		Abstract: strings.TrimSpace(r.PostForm.Get("abstract")),
	}
	if p.Error = p.problem(); p.Error != "" {
		return s.render(w, r, http.StatusUnprocessableEntity, "propose.html", page{Title: "Propose a talk", Body: p})
	}
	id, err := s.store.propose(r.Context(), talk{Title: p.Name, Speaker: u.Name, Abstract: p.Abstract})
	if err != nil {
		return err
	}
	http.Redirect(w, r, talkPath(id), http.StatusSeeOther)
	return nil
}

// talkID returns the talk that the path names.
func talkID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, errNotFound
	}
	return id, nil
}

func talkPath(id int64) string { return "/talks/" + strconv.FormatInt(id, 10) }

func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	if err == nil || errors.As(err, &tooLarge) {
		return err
	}
	return errMalformed
}

// askLogin sends whoever is not logged in to the log in page, and from there
// back to next.
func askLogin(w http.ResponseWriter, r *http.Request, next string) {
	http.Redirect(w, r, "/login?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
}
