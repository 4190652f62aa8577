package app

import (
	"context"

	"stile/internal/audit"
	"stile/internal/sfn"
)

func (h auditedHost) UpdateMapRun(ctx context.Context, arn string, u sfn.MapRunUpdate) error {
	err := h.Host.UpdateMapRun(ctx, arn, u)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:UpdateMapRun", Resource: arn})
	}
	return err
}
