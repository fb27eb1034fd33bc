// Package fleet closes writing in all processes of a site at once.
package fleet
