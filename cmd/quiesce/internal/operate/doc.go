// Package operate is what the operator's commands do, without flags and files: each is a
// function of a context, what it depends on, and what it is asked, and returns what it has to say or an
// error. [ExitCode] makes the program's exit code of that.
package operate
