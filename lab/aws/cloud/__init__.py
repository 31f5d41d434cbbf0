"""AWS on one machine: moto's server with the behaviour that an access product lives on put right."""
