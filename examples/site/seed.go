package main

import (
	"context"
	"database/sql"
	"time"
)

// demoPassword is everybody's, and is printed at start: this is a site to try
// things on.
const demoPassword = "stillwater"

var seedUsers = []struct{ login, name string }{
	{"ada", "Ada"},
	{"grace", "Grace"},
	{"annie", "Annie"},
}

var seedTalks = []talk{
	{
		Title: "Moving a database while everyone is looking", Speaker: "Mira Solberg",
		Day: 1, Starts: "09:30", Room: "Harbour hall",
		Abstract: "Eleven years of orders, one weekend, and a shop that never closed its doors. " +
			"What we rehearsed, what we measured, and the twenty minutes in which nobody could buy anything, and nobody minded.",
	},
	{
		Title: "Locks you did not know you held", Speaker: "Tomás Ferreira",
		Day: 1, Starts: "11:00", Room: "Harbour hall",
		Abstract: "A report that only reads, an index that only builds, and a queue of four hundred requests behind them. " +
			"How to see who waits for whom, before your visitors do.",
	},
	{
		Title: "A dump is a promise", Speaker: "Ines Okafor",
		Day: 1, Starts: "11:00", Room: "Boathouse",
		Abstract: "When may the dump start? When the last write is over, and not a second earlier. " +
			"On knowing, rather than hoping, that it is.",
	},
	{
		Title: "Replication, told slowly", Speaker: "Jonas Lindqvist",
		Day: 1, Starts: "14:00", Room: "Boathouse",
		Abstract: "One log, two servers, and every way they can disagree. With chalk, and without slides.",
	},
	{
		Title: "What the query planner sees", Speaker: "Noor van Dijk",
		Day: 2, Starts: "09:30", Room: "Harbour hall",
		Abstract: "The planner has never met your data; it has only read the statistics. " +
			"An hour of looking through its eyes.",
	},
	{
		Title: "Maintenance pages people forgive", Speaker: "Paola Conti",
		Day: 2, Starts: "11:00", Room: "Harbour hall",
		Abstract: "Say what still works, say when it will be over, and give people back what they have typed. " +
			"Three rules, and forty pages that break them.",
	},
	{
		Title: "Small tools for a long night", Speaker: "Kofi Mensah",
		Day: 2, Starts: "14:00", Room: "Boathouse",
		Abstract: "A runbook that fits on a card, a clock everyone can see, and a way back at every step.",
	},
}

var seedComments = []struct {
	talk, user int64
	body       string
}{
	{1, 2, "We do ours in October. Will the runbook be published?"},
	{1, 3, "Best title of the year."},
	{6, 1, "Rule three cost me a whole abstract once. I will sit in the front row."},
}

var seedStars = [][2]int64{{1, 1}, {1, 2}, {1, 3}, {2, 3}, {3, 1}, {5, 2}, {6, 1}, {6, 2}} // talk, user

// seed writes the first rows. Rows are numbered from 1 in the order above.
func seed(ctx context.Context, tx *sql.Tx, e *engine) error {
	insert := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, e.bind(query), args...)
		return err
	}
	// Without names of columns: key is a word that MySQL keeps to itself.
	if err := insert("INSERT INTO session_key VALUES (1, ?)", newSessionKey()); err != nil {
		return err
	}
	for _, u := range seedUsers {
		password, err := hashPassword(demoPassword, passwordRounds)
		if err != nil {
			return err
		}
		if err := insert("INSERT INTO users (login, name, password) VALUES (?, ?, ?)", u.login, u.name, password); err != nil {
			return err
		}
	}
	for _, t := range seedTalks {
		if err := insert("INSERT INTO talks (title, speaker, abstract, day, starts, room) VALUES (?, ?, ?, ?, ?, ?)",
			t.Title, t.Speaker, t.Abstract, t.Day, t.Starts, t.Room); err != nil {
			return err
		}
	}
	for _, c := range seedComments {
		if err := insert("INSERT INTO comments (talk_id, user_id, body, created_at) VALUES (?, ?, ?, ?)",
			c.talk, c.user, c.body, time.Now().Unix()); err != nil {
			return err
		}
	}
	for _, s := range seedStars {
		if err := insert("INSERT INTO stars (talk_id, user_id) VALUES (?, ?)", s[0], s[1]); err != nil {
			return err
		}
	}
	return nil
}
