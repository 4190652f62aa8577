package engine

import "stile/internal/sfn"

func pageSize(asked int) int { return sfn.PageSize(asked) }

func (h *Host) sealPage(scope string, from []byte) string { return h.keys.SealPage(scope, from) }

func (h *Host) openPage(scope, token string) ([]byte, error) { return h.keys.OpenPage(scope, token) }
