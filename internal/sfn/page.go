package sfn

// The page size where none is asked for, and the most that one page holds.
const (
	defaultPage = 100
	maxPage     = 1000
)

// PageSize is how many results a page holds for the number that was asked for; 0 means
// the default of 100, and more than 1,000 are never given.
func PageSize(asked int) int {
	if asked <= 0 {
		return defaultPage
	}
	return min(asked, maxPage)
}
