package graph

import "strings"

// cells counts the width of text in cells: wide scripts take two.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += cell(r)
	}
	return n
}

func cell(r rune) int {
	switch {
	case r >= 0x1100 && r <= 0x115F, r >= 0x2E80 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3,
		r >= 0xF900 && r <= 0xFAFF, r >= 0xFE30 && r <= 0xFE6F, r >= 0xFF00 && r <= 0xFF60, r >= 0x1F300 && r <= 0x1FAFF:
		return 2
	}
	return 1
}

// textWidth is the room for text in pixels at the size that names have.
func textWidth(s string) int { return cells(s)*15/2 + 2 }

// clip shortens text to n cells, the last one an ellipsis, and flattens line ends.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 {
			return ' '
		}
		return r
	}, s)
	if cells(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used += cell(r); used > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}
