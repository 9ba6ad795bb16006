"""The endpoints: each reads its request, asks for one operation and answers with what it returns."""
