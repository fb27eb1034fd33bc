// Package night holds the whole of it together: real processes that write to real servers,
// through networks that are severed, and killed at random moments, while the command closes
// them, and proves that writing is over. It has nothing but tests.
package night
