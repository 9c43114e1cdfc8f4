// Unix-accounts is the connector of ../go as the SDK runs connectors: with the SDK's own flags, service mode and a process
// of its own for the connector. The engine takes two lines, in main.
//
//	go run . -f accounts.c1z --passwd /etc/passwd --group /etc/group
package main

import (
	"context"

	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/config"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/connectorrunner"
	"github.com/conductorone/baton-sdk/pkg/exit"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/spf13/viper"

	"example.com/libc1z/examples/go/accounts"
	"example.com/libc1z/examples/go/connector"
	c1z "example.com/libc1z/go"
)

var (
	passwdField = field.StringField("passwd", field.WithDescription("The passwd(5) file"), field.WithDefaultValue("/etc/passwd"))
	groupField  = field.StringField("group", field.WithDescription("The group(5) file"), field.WithDefaultValue("/etc/group"))
)

func main() {
	if err := c1z.Register(); err != nil {
		exit.LogExit(err)
	}
	config.RunConnector(context.Background(), "unix-accounts", "dev",
		field.NewConfiguration([]field.SchemaField{passwdField, groupField}), newConnector,
		connectorrunner.WithStorageEngine(c1z.Engine),
	)
}

func newConnector(
	_ context.Context, settings *viper.Viper, _ *cli.ConnectorOpts,
) (connectorbuilder.ConnectorBuilderV2, []connectorbuilder.Opt, error) {
	machine, err := accounts.Open(settings.GetString(passwdField.GetName()), settings.GetString(groupField.GetName()))
	if err != nil {
		return nil, nil, err
	}
	return connector.New(machine), nil, nil
}
