"""Codes that the synthetic charts are written with, under names a reader can follow."""

from __future__ import annotations

from typing import NamedTuple

LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10_GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


class Code(NamedTuple):
    """One coding: system URI, code and the display a chart shows."""

    system: str
    code: str
    display: str


def loinc(code: str, display: str) -> Code:
    return Code(LOINC, code, display)


def snomed(code: str, display: str) -> Code:
    return Code(SNOMED_CT, code, display)


def icd10cm(code: str, display: str) -> Code:
    return Code(ICD_10_CM, code, display)


# Diagnoses
T1DM = (
    icd10cm("E10.9", "Type 1 diabetes mellitus without complications"),
    snomed("46635009", "Type 1 diabetes mellitus"),
)
T1DM_SNOMED = (snomed("46635009", "Type 1 diabetes mellitus"),)
T1DM_GERMAN = (Code(ICD_10_GM, "E10.90", "Diabetes mellitus, Typ 1: Ohne Komplikationen"),)
T1DM_IN_PREGNANCY = (icd10cm("O24.012", "Pre-existing type 1 diabetes mellitus, in pregnancy, second trimester"),)
KETOACIDOSIS = (icd10cm("E10.10", "Type 1 diabetes mellitus with ketoacidosis without coma"),)
T2DM = (
    icd10cm("E11.9", "Type 2 diabetes mellitus without complications"),
    snomed("44054006", "Type 2 diabetes mellitus"),
)
MODY_1 = (snomed("609562003", "Maturity onset diabetes of the young, type 1"),)
LADA = (snomed("426875007", "Latent autoimmune diabetes mellitus in adult"),)
HYPOTHYROIDISM = (icd10cm("E03.9", "Hypothyroidism, unspecified"),)
HYPERTENSION = (icd10cm("I10", "Essential (primary) hypertension"),)
PREGNANT = (snomed("77386006", "Pregnant"),)

# Medications
GLARGINE = (Code(RXNORM, "847230", "3 ML insulin glargine 100 UNT/ML Pen Injector"),)
ASPART = (Code(RXNORM, "1653202", "3 ML insulin aspart, human 100 UNT/ML Pen Injector"),)
LISPRO_ATC = (Code(ATC, "A10AB04", "insulin lispro"),)
GLARGINE_ATC = (Code(ATC, "A10AE04", "insulin glargine"),)
METFORMIN = (Code(RXNORM, "6809", "metformin"), Code(ATC, "A10BA02", "metformin"))
GLIPIZIDE = (Code(RXNORM, "4821", "glipizide"), Code(ATC, "A10BB07", "glipizide"))

# Laboratory
HBA1C = loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood")
HBA1C_IFCC = loinc("59261-8", "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol")
C_PEPTIDE = loinc("1986-9", "C peptide [Mass/volume] in Serum or Plasma")
C_PEPTIDE_FASTING = loinc("13037-7", "C peptide [Mass/volume] in Serum or Plasma --fasting")
C_PEPTIDE_MOLAR = loinc("14633-2", "C peptide [Moles/volume] in Serum or Plasma")
C_PEPTIDE_MOLAR_FASTING = loinc("42180-0", "C peptide [Moles/volume] in Serum or Plasma --fasting")
GAD65_ANTIBODY = loinc("13926-1", "Glutamate decarboxylase 65 Ab [Units/volume] in Serum")
GLUCOSE = loinc("2345-7", "Glucose [Mass/volume] in Serum or Plasma")
GLUCOSE_MOLAR = loinc("14749-6", "Glucose [Moles/volume] in Serum or Plasma")
HS_CRP = loinc("30522-7", "C reactive protein [Mass/volume] in Serum or Plasma by High sensitivity method")
CREATININE = loinc("2160-0", "Creatinine [Mass/volume] in Serum or Plasma")
CREATININE_MOLAR = loinc("14682-9", "Creatinine [Moles/volume] in Serum or Plasma")
EGFR = loinc("62238-1", "GFR/1.73 sq M predicted by Creatinine-based formula (CKD-EPI)")
ALBUMIN_CREATININE_RATIO = loinc("9318-7", "Albumin/Creatinine [Mass Ratio] in Urine")
HEMOGLOBIN = loinc("718-7", "Hemoglobin [Mass/volume] in Blood")
LEUKOCYTES = loinc("6690-2", "Leukocytes [#/volume] in Blood by Automated count")
LYMPHOCYTES = loinc("731-0", "Lymphocytes [#/volume] in Blood by Automated count")
NEUTROPHILS = loinc("751-8", "Neutrophils [#/volume] in Blood by Automated count")
PLATELETS = loinc("777-3", "Platelets [#/volume] in Blood by Automated count")
LDL = loinc("13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation")
LDL_MOLAR = loinc("22748-8", "Cholesterol in LDL [Moles/volume] in Serum or Plasma")
TRIGLYCERIDES_FASTING = loinc("3048-6", "Triglyceride [Mass/volume] in Serum or Plasma --fasting")
TRIGLYCERIDES_MOLAR = loinc("14927-8", "Triglyceride [Moles/volume] in Serum or Plasma")
ALT = loinc("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma")
AST = loinc("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma")
ALP = loinc("6768-6", "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma")
BILIRUBIN = loinc("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma")
BILIRUBIN_MOLAR = loinc("14631-6", "Bilirubin.total [Moles/volume] in Serum or Plasma")
TOTAL_PROTEIN = loinc("2885-2", "Protein [Mass/volume] in Serum or Plasma")
ALBUMIN = loinc("1751-7", "Albumin [Mass/volume] in Serum or Plasma")
INR = loinc("6301-6", "INR in Platelet poor plasma by Coagulation assay")
PROTHROMBIN_TIME = loinc("5902-2", "Prothrombin time (PT)")
APTT = loinc("14979-9", "aPTT in Platelet poor plasma by Coagulation assay")
BICARBONATE = loinc("1963-8", "Bicarbonate [Moles/volume] in Serum or Plasma")
HIV_SCREEN = loinc("56888-1", "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay")
HCV_ANTIBODY = loinc("13955-0", "Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay")
HBV_SURFACE_ANTIGEN = loinc("5196-1", "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay")
TB_IGRA = loinc("71773-6", "Mycobacterium tuberculosis stimulated gamma interferon [Presence] in Blood")
URINE_HCG = loinc("2106-3", "Choriogonadotropin (pregnancy test) [Presence] in Urine")

# Vital signs, examinations, social history
BLOOD_PRESSURE = loinc("85354-9", "Blood pressure panel with all children optional")
SYSTOLIC = loinc("8480-6", "Systolic blood pressure")
DIASTOLIC = loinc("8462-4", "Diastolic blood pressure")
BODY_WEIGHT = loinc("29463-7", "Body weight")
BODY_HEIGHT = loinc("8302-2", "Body height")
BMI = loinc("39156-5", "Body mass index (BMI) [Ratio]")
LEFT_EYE_RETINOPATHY = loinc("71490-7", "Left eye Diabetic retinopathy severity level by Ophthalmoscopy")
RIGHT_EYE_RETINOPATHY = loinc("71491-5", "Right eye Diabetic retinopathy severity level by Ophthalmoscopy")
TOBACCO_STATUS = loinc("72166-2", "Tobacco smoking status")
PREGNANCY_STATUS = loinc("82810-3", "Pregnancy status")
DELIVERY_DATE_ESTIMATED = loinc("11778-8", "Delivery date Estimated")

# Coded answers
NEGATIVE = snomed("260385009", "Negative")
NEVER_SMOKER = snomed("266919005", "Never smoker")
NO_RETINOPATHY = loinc("LA18643-9", "No apparent retinopathy")

# Encounter classes
AMBULATORY = Code(f"{TERMINOLOGY}/v3-ActCode", "AMB", "ambulatory")
EMERGENCY = Code(f"{TERMINOLOGY}/v3-ActCode", "EMER", "emergency")
INPATIENT = Code(f"{TERMINOLOGY}/v3-ActCode", "IMP", "inpatient encounter")
