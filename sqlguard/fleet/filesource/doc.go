// Package filesource is a [fleet.Source] in a file: on one host, or in a Kubernetes ConfigMap that is mounted as a folder. Nobody knows
// who has read the file, so it is good for a process to follow, but not for waiting until writing is over.
//
// The file is one JSON object. Fields that it does not know are errors, lest a misspelt one is without effect.
//
//	{
//	  "mode": "read-only",           required: off, observe or read-only
//	  "anonymous": true,             everybody appears logged out
//	  "get_only": true,              form posts become GETs
//	  "cut": true,                   cut off transactions that are still open; with read-only alone
//	  "grace": "30s",                for how long those may go on writing; with read-only alone
//	  "message": "Back at noon.",    for the public
//	  "reason": "ticket 4711",       for operators
//	  "by": "ada",                   who asks
//	  "until": "2026-03-29T12:00:00Z",      when the end is expected, in RFC 3339
//	  "announced": "2026-03-29T02:00:00Z"   when read-only mode is expected to begin; not with read-only
//	}
//
// Replace the file by renaming another one over it, so that nobody reads half of it. A file that is missing or cannot be read as what
// it should be changes nothing, as long as there was a good one before, and otherwise closes writing.
package filesource
