// Helpers for many things.
package b
