"""The CDS Hooks protocol: discovery, patient-view, feedback, and errors that say what to do."""
