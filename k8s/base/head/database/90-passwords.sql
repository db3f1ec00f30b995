-- The roles get the passwords of the Secret. psql reads the files; the entrypoint of the image runs this.
\set owner_password `cat /run/secrets/trunkline/owner-password`
\set service_password `cat /run/secrets/trunkline/service-password`
ALTER ROLE trunkline_owner PASSWORD :'owner_password';
ALTER ROLE trunkline_service PASSWORD :'service_password';
