package engine

// The page size where none is asked for, and the most that one page holds.
const (
	defaultPage = 100
	maxPage     = 1000
)

func pageSize(asked int) int {
	if asked <= 0 {
		return defaultPage
	}
	return min(asked, maxPage)
}

func (h *Host) sealPage(scope string, from []byte) string { return h.keys.SealPage(scope, from) }

func (h *Host) openPage(scope, token string) ([]byte, error) { return h.keys.OpenPage(scope, token) }
