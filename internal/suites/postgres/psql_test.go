package postgres

import (
	"slices"
	"strings"
)

// branch is an open \if of a script.
type branch struct {
	outer bool // what is around it is active
	taken bool // one of its branches was active
	on    bool // the branch at hand is active
}

// active reports whether what stands here counts.
func (s *script) active() bool {
	return len(s.branches) == 0 || s.branches[len(s.branches)-1].on
}

// sending are the commands that send the query before them.
var sending = []string{"g", "gx", "gset", "gexec", "gdesc", "crosstabview", "bind", "bind_named", "parse", "watch"}

// backslash reads a command, which ends with its line. Those that only
// concern the script are acted on here.
func (s *script) backslash(rest string) (piece, bool) {
	if strings.HasPrefix(rest, `\;`) {
		s.pos++
		s.take(1)
		return piece{}, false
	}
	line := strings.TrimRight(rest[1:lineLength(rest)], "\r\n")
	name, args := line, ""
	if n := strings.IndexAny(line, " \t'"); n >= 0 {
		name, args = line[:n], strings.TrimSpace(line[n:])
	}
	if before, after, ok := strings.Cut(args, ` \`); ok && slices.Contains(sending, name) { // \bind 1 \g
		args = before
		s.pos += 1 + strings.Index(line, ` \`+after) + 1
	} else {
		s.pos += 1 + len(line)
	}
	if s.conditional(name, args) || !s.active() {
		return piece{}, false
	}
	switch name {
	case "set":
		s.set(args)
	case "unset":
		delete(s.vars, args)
	case "r", "reset":
		s.reset()
	case "q", "quit":
		s.pos = len(s.text)
		s.reset()
	default:
		if slices.Contains(sending, name) {
			return s.send(name, args), true
		}
		s.begins = s.pos - 1
		return piece{line: 1 + strings.Count(s.text[:s.begins], "\n"), command: name, args: args}, true
	}
	return piece{}, false
}

// conditional acts on \if and its like.
func (s *script) conditional(name, args string) bool {
	top := len(s.branches) - 1
	switch {
	case name == "if":
		on := s.active() && s.isTrue(args)
		s.branches = append(s.branches, branch{outer: s.active(), taken: on, on: on})
	case top < 0:
		return false
	case name == "elif":
		b := &s.branches[top]
		b.on = b.outer && !b.taken && s.isTrue(args)
		b.taken = b.taken || b.on
	case name == "else":
		b := &s.branches[top]
		b.on = b.outer && !b.taken
		b.taken = true
	case name == "endif":
		s.branches = s.branches[:top]
	default:
		return false
	}
	return true
}

func (s *script) isTrue(args string) bool {
	words := s.words(args)
	return len(words) == 1 && slices.Contains([]string{"1", "t", "true", "on", "y", "yes"}, strings.ToLower(words[0]))
}

// set gives a variable the words behind its name, without spaces between them.
func (s *script) set(args string) {
	words := s.words(args)
	if len(words) > 0 {
		s.vars[words[0]] = strings.Join(words[1:], "")
	}
}

// words splits the arguments of a command, and replaces the variables in them.
func (s *script) words(args string) []string {
	var words []string
	var word strings.Builder
	open := false
	for i := 0; i < len(args); {
		switch c := args[i]; {
		case c == ' ' || c == '\t':
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
			i++
			continue
		case c == ':':
			value, n := s.interpolate(args[i:])
			if n == 0 {
				value, n = ":", 1
			}
			word.WriteString(value)
			i += n
		case c == '\'':
			n := quotedLength(args[i:], '\'', true)
			word.WriteString(unquoted(args[i : i+n]))
			i += n
		default:
			word.WriteByte(c)
			i++
		}
		open = true
	}
	if open {
		words = append(words, word.String())
	}
	return words
}

// unquoted is what a command's argument in quotes means.
func unquoted(quoted string) string {
	inner := strings.TrimSuffix(quoted[1:], "'")
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`, `\'`, "'").Replace(inner)
}
