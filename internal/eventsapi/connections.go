package eventsapi

import (
	"context"

	"stile/internal/connections"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/jsonval"
)

// The actions by the names that roles have for them.
const (
	actionCreate      = "events:CreateConnection"
	actionUpdate      = "events:UpdateConnection"
	actionDelete      = "events:DeleteConnection"
	actionDeauthorize = "events:DeauthorizeConnection"
	actionDescribe    = "events:DescribeConnection"
	actionList        = "events:ListConnections"
)

func createConnection(s *server, ctx context.Context, in *input) (jsonval.Value, error) {
	n := connections.New{Name: in.or("Name", nameShape.must()), Description: in.or("Description", description),
		Type: in.or("AuthorizationType", kindShape.must()), Auth: readAuth(in, true)}
	if err := s.ready(ctx, in, actionCreate, n.Name, true); err != nil {
		return jsonval.Value{}, err
	}
	made, err := s.cfg.Connections.CreateConnection(ctx, n)
	return changed(made, false), err
}

func updateConnection(s *server, ctx context.Context, in *input) (jsonval.Value, error) {
	u := connections.Update{Name: in.or("Name", nameShape.must()), Description: in.text("Description", description),
		Type: in.or("AuthorizationType", kindShape), Auth: readAuth(in, false)}
	if err := s.ready(ctx, in, actionUpdate, u.Name, true); err != nil {
		return jsonval.Value{}, err
	}
	c, err := s.cfg.Connections.UpdateConnection(ctx, u)
	return changed(c, true), err
}

func deleteConnection(s *server, ctx context.Context, in *input) (jsonval.Value, error) {
	name := in.or("Name", nameShape.must())
	if err := s.ready(ctx, in, actionDelete, name, false); err != nil {
		return jsonval.Value{}, err
	}
	c, err := s.cfg.Connections.DeleteConnection(ctx, name)
	return changed(c, true), err
}

func deauthorizeConnection(s *server, ctx context.Context, in *input) (jsonval.Value, error) {
	name := in.or("Name", nameShape.must())
	if err := s.ready(ctx, in, actionDeauthorize, name, false); err != nil {
		return jsonval.Value{}, err
	}
	c, err := s.cfg.Connections.DeauthorizeConnection(ctx, name)
	return changed(c, true), err
}

func describeConnection(s *server, ctx context.Context, in *input) (jsonval.Value, error) {
	name := in.or("Name", nameShape.must())
	if err := s.ready(ctx, in, actionDescribe, name, false); err != nil {
		return jsonval.Value{}, err
	}
	c, err := s.cfg.Connections.DescribeConnection(ctx, name)
	if err != nil {
		return jsonval.Value{}, err
	}
	o := item(c)
	addText(o, "Description", c.Description)
	addText(o, "SecretArn", c.SecretARN)
	if c.State != connections.Deauthorized {
		o.Add("AuthParameters", authJSON(c.Auth))
	}
	return o.Value(), nil
}

func listConnections(s *server, ctx context.Context, in *input) (jsonval.Value, error) {
	q := connections.Query{Prefix: in.or("NamePrefix", nameShape), State: in.or("ConnectionState", stateShape),
		Max: in.integer("Limit", 1, 100), Token: in.or("NextToken", tokenShape)}
	if err := in.check(); err != nil {
		return jsonval.Value{}, err
	}
	all := s.resources("*")[0]
	if err := s.judge(ctx, actionList, all, s.cfg.Permissions.Anywhere(ctx, actionList)); err != nil {
		return jsonval.Value{}, err
	}
	most := q.Max
	if q.Max = 0; most == 0 { // pages are read as large as they come
		most = connections.MaxPage
	}
	var items jsonval.Array
	var o jsonval.Object
	n, last := 0, ""
	for {
		page, next, err := s.cfg.Connections.ListConnections(ctx, q)
		if err != nil {
			return jsonval.Value{}, err
		}
		for _, c := range page {
			if !s.cfg.Permissions.Permit(ctx, actionList, s.resources(c.Name)...).Allowed {
				continue
			}
			// A token is of the caller's own, and is given where more of them follow: it
			// tells of nothing that may not be seen.
			if n == most {
				return o.Add("Connections", items.Value()).AddString("NextToken", connections.After(last)).Value(), nil
			}
			items.Add(item(c).Value())
			n, last = n+1, c.Name
		}
		if q.Token = next; next == "" {
			return o.Add("Connections", items.Value()).Value(), nil
		}
	}
}

// item writes what both Describe and List show.
func item(c connections.Connection) *jsonval.Object {
	var o jsonval.Object
	o.AddString("ConnectionArn", c.ARN).AddString("Name", c.Name).AddString("ConnectionState", c.State)
	addText(&o, "StateReason", c.Reason)
	o.AddString("AuthorizationType", c.Type)
	times(&o, c, true)
	return &o
}

// changed is what the actions that change a connection answer; only that of Create
// does not say when it was authorized.
func changed(c connections.Connection, authorized bool) jsonval.Value {
	var o jsonval.Object
	o.AddString("ConnectionArn", c.ARN).AddString("ConnectionState", c.State)
	times(&o, c, authorized)
	return o.Value()
}

func times(o *jsonval.Object, c connections.Connection, authorized bool) {
	timestamp(o, "CreationTime", c.Created)
	timestamp(o, "LastModifiedTime", c.Modified)
	if authorized {
		timestamp(o, "LastAuthorizedTime", c.Authorized)
	}
}

// ready refuses a request that breaks the model, for want of the permission, and then
// for what a connection cannot have here.
func (s *server) ready(ctx context.Context, in *input, action, name string, parameters bool) error {
	var cannot error
	if parameters {
		cannot = unsupported(in)
	}
	if err := in.check(); err != nil {
		return err
	}
	resources := s.resources(name)
	if err := s.judge(ctx, action, resources[0], s.cfg.Permissions.Permit(ctx, action, resources...)); err != nil {
		return err
	}
	return cannot
}

func (s *server) resources(name string) []string {
	return connections.Resources(s.cfg.Region, s.cfg.Account, name)
}

func (s *server) judge(ctx context.Context, action, resource string, d identity.Decision) error {
	if d.Allowed {
		return nil
	}
	s.cfg.Permissions.Refused(ctx, action, resource, d)
	return sfn.AccessDenied(s.cfg.Permissions.User(ctx), action, resource, d.Explicit)
}
